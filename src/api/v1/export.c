/*
 * export.c: the account as a stream.  What is in it is looked at when the call
 * comes, and given once all of that is on disk; a client that reads slowly costs
 * a piece of it.
 */
#include <stdlib.h>

#include "account/export.h"
#include "api/v1/v1.h"

/* Bytes of a reply, as Berty has them. */
enum { PIECE = 4096 };

struct export_call {
	struct api_call * call;   /* NULL: it is over, and something is out */
	struct export * export;
	struct node_watcher watcher;
	struct store_commit barrier;
	struct world_work work;   /* the key of a sealed archive */
	unsigned out;             /* barrier and work that will be back */
	int status;               /* of the barrier */
	int key_status;           /* a worker's, until it is back */
	struct buffer passphrase;
	uint8_t head[SEALED_HEAD], key[32];
	struct buffer made;       /* not given yet */
	size_t given;             /* of it */
};

static void
release(struct export_call * x)
{
	export_free(x->export);
	x->export = NULL;
	buffer_wipe(&x->made);
	if (x->out > 0)
		return;
	buffer_wipe(&x->passphrase);
	crypto_wipe(x, sizeof(*x));
	free(x);
}

/* The call ends; err NULL: as it should. */
static void
end(struct export_call * x, const struct error * err)
{
	struct api_call * call = x->call;

	node_unwatch(call->node, &x->watcher);
	x->call = NULL;
	release(x);
	call->transport->finish(call, err);
}

static void
fail(struct export_call * x, int outer, int status, const char * text)
{
	struct error err = {0};

	(void)error_from(&err, outer, status, text);
	end(x, &err);
}

/* --- giving ---------------------------------------------------------------- */

/* One reply of what was made; true: enough for now. */
static bool
give(struct export_call * x)
{
	V1(InstanceExportData__Reply) reply =
	    V1_INIT(INSTANCE_EXPORT_DATA__REPLY);
	size_t n = x->made.n - x->given;

	if (n > PIECE)
		n = PIECE;
	reply.exported_data = protobuf_bytes(slice_of(x->made.p + x->given,
	    n));
	x->given += n;
	return (x->call->transport->reply(x->call, &reply));
}

static void
pump(struct export_call * x)
{
	bool full = false;
	int rc;

	while (!full) {
		if (x->made.n - x->given >= PIECE) {
			full = give(x);
			continue;
		}
		buffer_consume(&x->made, x->given);
		x->given = 0;
		rc = export_next(x->export, &x->made);
		if (rc < 0) {
			fail(x, ERR_STREAM_READ, rc,
			    "the account cannot be read to its end");
			return;
		}
		if (rc > 0)
			continue;
		if (x->made.n == 0) {
			end(x, NULL);
			return;
		}
		full = give(x);
	}
}

static void
on_writable(struct api_call * call)
{
	struct export_call * x = call->data;

	if (x->out == 0)
		pump(x);
}

static void
on_cancelled(struct api_call * call)
{
	end(call->data, NULL);
}

static void
on_closed(void * user)
{
	struct error err = {0};

	(void)error_set(&err, ERR_BRIDGE_NOT_RUNNING, "the node was closed");
	end(user, &err);
}

/* --- beginning ------------------------------------------------------------- */

/* One of those that were out is back; with the last one it begins. */
static void
is_back(struct export_call * x, int status)
{
	x->out--;
	if (status != 0)
		x->status = status;
	if (x->out > 0)
		return;
	if (x->call == NULL) {
		release(x);
		return;
	}
	if (x->status != 0) {
		fail(x, ERR_INTERNAL, x->status, "the archive cannot be begun");
		return;
	}
	if (x->passphrase.n > 0)
		export_seal(x->export, x->head, x->key);
	pump(x);
}

static void
durable(struct store_commit * commit, int status)
{
	is_back(list_entry(commit, struct export_call, barrier), status);
}

static void
make_key(struct world_work * work)
{
	struct export_call * x = list_entry(work, struct export_call, work);

	x->key_status = sealed_key(x->key, x->head, buffer_all(&x->passphrase));
}

static void
key_made(struct world_work * work)
{
	struct export_call * x = list_entry(work, struct export_call, work);

	is_back(x, x->key_status);
}

static int
begin(struct export_call * x, struct error * err)
{
	struct node * n = x->call->node;
	const struct group_context context = {node_world(n), node_store(n),
	    NULL};
	const V1(InstanceExportData__Request) * request = x->call->request;
	int rc;

	rc = export_new(&context, node_account(n), &x->export, err);
	if (rc == 0 && request->attachments)
		rc = export_attachments(x->export, err);
	if (rc != 0)
		return (error_wrap(err, ERR_INTERNAL));
	x->barrier.done = durable;
	x->work = (struct world_work){.run = make_key, .done = key_made};
	/* A store that is read-only still has what it acknowledged. */
	if (!store_read_only(node_store(n)) &&
	    store_barrier(node_store(n), &x->barrier) == 0)
		x->out++;
	if (x->passphrase.n == 0)
		return (0);
	sealed_head(node_world(n), x->head);
	if ((rc = world_work(node_world(n), &x->work)) != 0)
		return (error_from(err, ERR_INTERNAL, rc,
		    "the archive's key cannot be made"));
	x->out++;
	return (0);
}

void
v1_instance_export_data(struct api_call * call)
{
	const V1(InstanceExportData__Request) * request = call->request;
	struct error err = {0};
	struct export_call * x;

	if ((x = calloc(1, sizeof(*x))) == NULL) {
		(void)error_set(&err, ERR_INTERNAL, "out of memory");
		goto err0;
	}
	x->call = call;
	x->watcher = (struct node_watcher){.closed = on_closed, .user = x};
	buffer_slice(&x->passphrase, protobuf_slice(request->passphrase));
	node_watch(call->node, &x->watcher);
	if (begin(x, &err) != 0) {
		end(x, &err);
		return;
	}
	call->data = x;
	call->on_writable = on_writable;
	call->on_cancelled = on_cancelled;
	call->transport->begin(call);
	if (x->out == 0)
		pump(x);
	return;

err0:
	api_fail(call, &err);
}
