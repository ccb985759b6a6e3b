/* An entry's row: a small header before the block. */
#include "base/error.h"
#include "base/reader.h"
#include "crypto/crypto.h"
#include "log/log_impl.h"

enum { ROW_VERSION = 1, ROW_HEAD = 1 + 1 + 8 + 8 + 8 + 1 };

void
log_row_encode(struct buffer * out, const struct log_row * row,
    struct slice block)
{
	/* At once: growing would leave copies of the note behind. */
	(void)buffer_reserve(out, ROW_HEAD + row->note_n + block.n);
	buffer_byte(out, ROW_VERSION);
	buffer_byte(out, (uint8_t)row->state);
	buffer_be64(out, row->scope);
	buffer_be64(out, row->join);
	buffer_be64(out, row->arrival);
	buffer_byte(out, row->note_n);
	buffer_append(out, row->note, row->note_n);
	buffer_slice(out, block);
}

int
log_row_decode(struct log_row * row, struct slice value, struct slice * block)
{
	struct reader r = reader_of(value);
	struct slice note;
	uint8_t state;

	*row = (struct log_row){0};
	if (reader_byte(&r) != ROW_VERSION)
		return (-ERR_DB_READ);
	state = reader_byte(&r);
	row->state = state == LOG_ROW_JOINED ? LOG_ROW_JOINED :
	    LOG_ROW_WAITING;
	row->scope = reader_be64(&r);
	row->join = reader_be64(&r);
	row->arrival = reader_be64(&r);
	row->note_n = reader_byte(&r);
	if (row->note_n > LOG_NOTE_MAX)
		return (-ERR_DB_READ);
	note = reader_take(&r, row->note_n);
	if (r.failed)
		return (-ERR_DB_READ);
	if (note.n > 0)
		memcpy(row->note, note.p, note.n);
	*block = reader_rest(&r);
	return (0);
}

int
log_row_read(struct store * s, uint64_t id, struct log_row * row,
    struct buffer * value, struct slice * block)
{
	int status;

	if ((status = store_block_get(s, id, value)) != 0)
		return (status);
	if ((status = log_row_decode(row, buffer_all(value), block)) == 0)
		crypto_wipe(value->p, value->n - block->n);
	else
		buffer_wipe(value);
	return (status);
}
