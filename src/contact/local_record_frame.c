/* local_record_frame.c: local records on the wire. */
#include "base/error.h"
#include "codec/protobuf.h"
#include "contact/local_record.h"
#include "tinder/records.pb-c.h"

/* Memory that a record takes besides its name, at most. */
#define RECORD_SIZE 96

int
local_record_read(struct slice frame,
    void (*each)(void * user, struct slice ns, int64_t expire), void * user)
{
	Tinder__Records * records;
	int status = -ERR_DESERIALIZATION;
	size_t i;

	/* Many short names take more than their bytes. */
	records = protobuf_decode(&tinder__records__descriptor, frame,
	    protobuf_cap(frame.n) + LOCAL_RECORD_FRAME * RECORD_SIZE);
	if (records == NULL)
		return (status);
	if (records->n_records > LOCAL_RECORD_FRAME)
		goto out;
	for (i = 0; i < records->n_records; i++)
		each(user, protobuf_slice(records->records[i]->cid),
		    records->records[i]->expire);
	status = 0;
out:
	protobuf_free(records);
	return (status);
}

/* The frame is full: it goes out. */
static void
finish(struct local_record_writer * w)
{
	if (w->frame.n > 0) {
		buffer_uvarint(w->out, w->frame.n);
		buffer_slice(w->out, buffer_all(&w->frame));
	}
	w->out->failed |= w->frame.failed;
	buffer_clear(&w->frame);
}

void
local_record_write(struct local_record_writer * w, struct slice ns,
    int64_t expire)
{
	Tinder__Record record = TINDER__RECORD__INIT;
	Tinder__Record * list[1] = {&record};
	Tinder__Records records = TINDER__RECORDS__INIT;
	struct buffer bytes = {0};

	record.cid = protobuf_bytes(ns);
	record.expire = expire;
	records.n_records = 1;
	records.records = list;
	protobuf_encode(&bytes, &records);
	/* Messages one behind the other are one with the records of both. */
	if (w->frame.n + bytes.n > LOCAL_RECORD_SENT)
		finish(w);
	buffer_slice(&w->frame, buffer_all(&bytes));
	w->frame.failed |= bytes.failed;
	buffer_free(&bytes);
}

void
local_record_write_end(struct local_record_writer * w)
{
	finish(w);
	buffer_free(&w->frame);
}
