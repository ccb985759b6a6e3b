/* daemon.c: start, stop and call a daemon. */
#include "daemon.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "codec/multiaddr.h"
#include "codec/peer_id.h"

#define MESSAGE 256
#define START_MS 20000
#define CALL_MS 30000

/* --- start and stop ------------------------------------------------------- */

static void
run_program(const struct bench * b, const struct daemon * d,
    const char * folder)
{
	char log[500];

	snprintf(log, sizeof(log), "%s/daemon.log", folder);
	if (freopen(log, "a", stderr) == NULL ||
	    dup2(fileno(stderr), STDOUT_FILENO) < 0)
		_exit(1);
	execl(b->program, b->program, "daemon", "-store.dir", folder,
	    "-node.listeners", d->address, "-p2p.swarm-listeners",
	    "/ip4/127.0.0.1/tcp/0", "-p2p.mdns=false", (char *)NULL);
	_exit(1);
}

static bool
first_answer(struct daemon * d)
{
	V1(InstanceGetConfiguration__Request) request =
	    V1_INIT(INSTANCE_GET_CONFIGURATION__REQUEST);
	V1(InstanceGetConfiguration__Reply) * reply;
	bool ok;
	void * p;

	if (grpc_client_call(d->client, SERVICE, "InstanceGetConfiguration",
	    &request, &V1_TYPE(instance_get_configuration__reply), &p,
	    CALL_MS, NULL) != 0)
		return (false);
	reply = p;
	snprintf(d->peer_id, sizeof(d->peer_id), "%s", reply->peer_id);
	ok = reply->n_listeners > 0 && sscanf(reply->listeners[0],
	    "/ip4/127.0.0.1/tcp/%u", &d->port) == 1;
	protobuf_free(reply);
	return (ok);
}

int
daemon_start(struct daemon * d, const struct bench * b, const char * folder)
{
	static unsigned number;
	double began = seconds();

	*d = (struct daemon){0};
	snprintf(d->address, sizeof(d->address),
	    "/unix/tmp/berty-bench-%d-%u.sock/grpc", (int)getpid(), number++);
	if ((d->pid = fork()) == 0)
		run_program(b, d, folder);
	if (d->pid < 0)
		return (-1);
	while (grpc_client_open(&d->client, d->address, 1000, NULL) != 0) {
		if (waitpid(d->pid, NULL, WNOHANG) != 0 ||
		    seconds() - began > START_MS / 1000) {
			progress("the daemon did not start: see %s/daemon.log",
			    folder);
			daemon_stop(d);
			return (-1);
		}
		sleep_ms(1);
	}
	if (!first_answer(d)) {
		progress("the daemon in %s does not answer", folder);
		daemon_stop(d);
		return (-1);
	}
	return (0);
}

void
daemon_stop(struct daemon * d)
{
	if (d->client != NULL)
		grpc_client_close(d->client);
	if (d->pid > 0) {
		(void)kill(d->pid, SIGTERM);
		(void)waitpid(d->pid, NULL, 0);
	}
	if (d->address[0] != '\0') {
		d->address[strlen(d->address) - strlen("/grpc")] = '\0';
		(void)unlink(d->address + strlen("/unix"));
	}
	*d = (struct daemon){0};
}

/* --- calls ---------------------------------------------------------------- */

int
daemon_call(struct daemon * d, const char * method, const void * request,
    const ProtobufCMessageDescriptor * type, void ** reply)
{
	struct error err = {0};
	char text[400];
	int rc = grpc_client_call(d->client, SERVICE, method, request, type,
	    reply, CALL_MS, &err);

	if (rc != 0) {
		(void)error_format(&err, text, sizeof(text));
		progress("%s: %s", method, text);
	}
	return (rc);
}

static int
found_group(void * user, const void * message)
{
	const V1(DebugListGroups__Reply) * reply = message;

	if (reply->group_type !=
	    BERTY__PROTOCOL__V1__GROUP_TYPE__GroupTypeMultiMember ||
	    reply->group_pk.len != 32)
		return (0);
	memcpy(user, reply->group_pk.data, 32);
	return (1);
}

static bool
find_group(struct daemon * d, uint8_t pk[32])
{
	V1(DebugListGroups__Request) message =
	    V1_INIT(DEBUG_LIST_GROUPS__REQUEST);
	struct grpc_client_request request = {
		.service = SERVICE,
		.method = "DebugListGroups",
		.reply = &V1_TYPE(debug_list_groups__reply),
		.message = &message,
		.each = found_group,
		.user = pk,
		.timeout_ms = CALL_MS,
	};

	return (grpc_client_run(d->client, &request, NULL) == 1);
}

int
daemon_create_group(struct daemon * d, uint8_t pk[32])
{
	V1(MultiMemberGroupCreate__Request) request =
	    V1_INIT(MULTI_MEMBER_GROUP_CREATE__REQUEST);
	V1(MultiMemberGroupCreate__Reply) * reply;
	void * p;

	if (find_group(d, pk))
		return (0);
	if (daemon_call(d, "MultiMemberGroupCreate", &request,
	    &V1_TYPE(multi_member_group_create__reply), &p) != 0)
		return (-1);
	reply = p;
	memcpy(pk, reply->group_pk.data, 32);
	protobuf_free(reply);
	return (0);
}

/* The address of a daemon by a port that leads to it, in binary. */
static int
address_of(struct buffer * out, struct daemon * d, unsigned port)
{
	char text[200];

	snprintf(text, sizeof(text), "/ip4/127.0.0.1/tcp/%u/p2p/%s", port,
	    d->peer_id);
	return (multiaddr_decode(out, slice_text(text)));
}

static int
join(struct daemon * to, V1(Group) * group, struct slice address)
{
	V1(MultiMemberGroupJoin__Request) request =
	    V1_INIT(MULTI_MEMBER_GROUP_JOIN__REQUEST);
	ProtobufCBinaryData addresses[1] = {protobuf_bytes(address)};
	void * reply;

	request.group = group;
	request.addresses = addresses;
	request.n_addresses = 1;
	if (daemon_call(to, "MultiMemberGroupJoin", &request,
	    &V1_TYPE(multi_member_group_join__reply), &reply) != 0)
		return (-1);
	protobuf_free(reply);
	return (0);
}

int
daemon_join(struct daemon * to, struct daemon * from, const uint8_t pk[32],
    unsigned port)
{
	V1(GroupInfo__Request) request = V1_INIT(GROUP_INFO__REQUEST);
	V1(GroupInfo__Reply) * info;
	struct buffer address = {0};
	void * p;
	int rc = -1;

	request.group_pk = protobuf_bytes(slice_of(pk, 32));
	if (daemon_call(from, "GroupInfo", &request,
	    &V1_TYPE(group_info__reply), &p) != 0)
		return (-1);
	info = p;
	if (address_of(&address, from, port) == 0)
		rc = join(to, info->group, buffer_all(&address));
	buffer_free(&address);
	protobuf_free(info);
	return (rc);
}

/* --- sending -------------------------------------------------------------- */

struct sender {
	struct daemon * daemon;
	const uint8_t * pk;
	unsigned n;
	bool failed;
};

static void *
send_some(void * arg)
{
	static const uint8_t text[MESSAGE] = {'z'};
	struct sender * s = arg;
	struct daemon d = {.client = NULL};
	V1(AppMessageSend__Request) request =
	    V1_INIT(APP_MESSAGE_SEND__REQUEST);
	void * reply;

	request.group_pk = protobuf_bytes(slice_of(s->pk, 32));
	request.payload = protobuf_bytes(slice_of(text, sizeof(text)));
	s->failed = grpc_client_open(&d.client, s->daemon->address, CALL_MS,
	    NULL) != 0;
	for (; !s->failed && s->n > 0; s->n--) {
		s->failed = daemon_call(&d, "AppMessageSend", &request,
		    &V1_TYPE(app_message_send__reply), &reply) != 0;
		if (!s->failed)
			protobuf_free(reply);
	}
	if (d.client != NULL)
		grpc_client_close(d.client);
	return (NULL);
}

int
daemon_send(struct daemon * d, const uint8_t pk[32], unsigned n,
    unsigned flying)
{
	struct sender senders[64];
	pthread_t threads[64];
	unsigned i;
	int rc = 0;

	for (i = 0; i < flying; i++) {
		senders[i] = (struct sender){d, pk,
		    n / flying + (i < n % flying), false};
		if (pthread_create(&threads[i], NULL, send_some,
		    &senders[i]) != 0)
			abort();
	}
	for (i = 0; i < flying; i++) {
		(void)pthread_join(threads[i], NULL);
		if (senders[i].failed)
			rc = -1;
	}
	return (rc);
}

/* --- reading -------------------------------------------------------------- */

static int
count_down(void * user, const void * message)
{
	unsigned * left = user;

	(void)message;
	return (--*left == 0);
}

int
daemon_list_last(struct daemon * d, unsigned n)
{
	V1(GroupMessageList__Request) message =
	    V1_INIT(GROUP_MESSAGE_LIST__REQUEST);
	struct grpc_client_request request = {
		.service = SERVICE,
		.method = "GroupMessageList",
		.reply = &V1_TYPE(group_message_event),
		.message = &message,
		.each = count_down,
		.user = &n,
		.timeout_ms = CALL_MS,
	};
	uint8_t pk[32];

	if (!find_group(d, pk))
		return (-1);
	message.group_pk = protobuf_bytes(slice_of(pk, 32));
	message.until_now = true;
	message.reverse_order = true;
	return (grpc_client_run(d->client, &request, NULL) == 1 ? 0 : -1);
}

static int
came(void * user, const void * message)
{
	const V1(GroupMessageEvent) * e = message;
	struct tail * t = user;

	t->last = seconds();
	if (t->got++ == 0)
		t->first = t->last;
	if (e->event_context != NULL && e->event_context->id.len <= 64) {
		t->id_n = e->event_context->id.len;
		memcpy(t->id, e->event_context->id.data, t->id_n);
	}
	return (t->got == t->n);
}

static void *
tail_run(void * arg)
{
	struct tail * t = arg;
	V1(GroupMessageList__Request) message =
	    V1_INIT(GROUP_MESSAGE_LIST__REQUEST);
	struct grpc_client_request request = {
		.service = SERVICE,
		.method = "GroupMessageList",
		.reply = &V1_TYPE(group_message_event),
		.message = &message,
		.each = came,
		.user = t,
		.timeout_ms = 60000,
	};
	struct grpc_client * client;

	message.group_pk = protobuf_bytes(slice_of(t->pk, 32));
	message.since_id = protobuf_bytes(slice_of(t->since, t->since_n));
	t->failed = true;
	if (grpc_client_open(&client, t->daemon->address, CALL_MS, NULL) != 0)
		return (NULL);
	t->failed = grpc_client_run(client, &request, NULL) != 1;
	grpc_client_close(client);
	return (NULL);
}

int
tail_start(struct tail * t)
{
	pthread_t thread;

	t->got = 0;
	if (pthread_create(&thread, NULL, tail_run, t) != 0)
		return (-1);
	t->thread = (unsigned long)thread;
	return (0);
}

int
tail_wait(struct tail * t)
{
	(void)pthread_join((pthread_t)t->thread, NULL);
	return (t->failed ? -1 : 0);
}
