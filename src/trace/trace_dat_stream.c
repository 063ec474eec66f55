/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One CPU's pages as a stream.
 *
 * An uncompressed recording is walked where the file is mapped. A compressed one (version 7) is a
 * list of chunks a CPU, each some pages packed by itself, so that any thread may unpack any of
 * them. Each CPU has a ring of DAT_CHUNKS unpacked chunks; a helper thread fills the rings, the
 * emptiest first, while the calling thread decodes. Where the next chunk is not ready, the caller
 * unpacks too, if that one is in work already then those behind it, so that both threads are busy
 * to the end; without a helper this is all there is to do.
 *
 * One lock guards the counters of all rings and the positions in the chunk lists; unpacking and
 * decoding happen outside of it. A chunk from nr_used to nr_taken is the unpacking thread's until
 * "ready" is set, then the decoder's.
 */
#include <config.h>

#include "trace_dat.h"

#include <pthread.h>
#include <stdlib.h>
#include <zlib.h>
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

/*
 * trace-cmd packs ten sub-buffers into a chunk, and the largest a kernel can have are 512 KiB. What
 * pretends to be larger, or to need more than the sum, is damage.
 */
enum { CHUNK_MAX = 16 << 20 };
static const size_t all_chunks_max = (size_t)1 << 30;

struct unpacker {
#ifdef HAVE_ZSTD
	ZSTD_DCtx *zstd;
#endif
	char unused; /* a struct has to have a member */
};

struct dat_reader {
	struct dat *dat;
	enum dat_packing packing;
	struct unpacker here, there; /* the caller's, the helper's */
	size_t bytes;                /* of all chunk buffers; under the lock */
	bool threaded, stop;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wanted; /* a ring has room */
	pthread_cond_t made;   /* a chunk is ready */
};

/* A chunk that was taken from a CPU's list. */
struct job {
	const unsigned char *packed;
	uint32_t packed_len;
};

static void *help(void *arg);
static struct dat_cpu *emptiest(const struct dat *dat);
static bool can_take(const struct dat_cpu *cpu);
static struct job begin_chunk(struct dat_reader *reader, struct dat_cpu *cpu);
static bool size_chunk(struct dat_reader *reader, struct dat_chunk *chunk, uint32_t size);
static void unpack_chunk(struct dat_reader *reader, struct unpacker *unpacker,
			 struct dat_chunk *chunk, const struct job *job);
static void make_chunk(struct dat_reader *reader, struct unpacker *unpacker, struct dat_cpu *cpu);
static bool wait_chunk(struct dat_reader *reader, struct dat_cpu *cpu);
static void unpacker_init(struct unpacker *unpacker, enum dat_packing packing);
static void unpacker_deinit(struct unpacker *unpacker);

struct dat_reader *dat_reader_create(struct dat *dat, enum dat_packing packing, bool helper)
{
	struct dat_reader *reader = xcalloc(1, sizeof(*reader));

	reader->dat = dat;
	reader->packing = packing;
	unpacker_init(&reader->here, packing);
	pthread_mutex_init(&reader->lock, NULL);
	pthread_cond_init(&reader->wanted, NULL);
	pthread_cond_init(&reader->made, NULL);
	if (!helper)
		return reader;
	unpacker_init(&reader->there, packing);
	/* Without a thread to be had, the caller does all by itself. */
	reader->threaded = pthread_create(&reader->thread, NULL, help, reader) == 0;
	return reader;
}

void dat_reader_destroy(struct dat_reader *reader)
{
	if (!reader)
		return;
	if (reader->threaded) {
		pthread_mutex_lock(&reader->lock);
		reader->stop = true;
		pthread_cond_signal(&reader->wanted);
		pthread_mutex_unlock(&reader->lock);
		pthread_join(reader->thread, NULL);
	}
	pthread_cond_destroy(&reader->made);
	pthread_cond_destroy(&reader->wanted);
	pthread_mutex_destroy(&reader->lock);
	unpacker_deinit(&reader->there);
	unpacker_deinit(&reader->here);
	free(reader);
}

void dat_stream_begin(struct dat *dat, struct dat_cpu *cpu, uint64_t offset, uint64_t size,
		      bool packed)
{
	struct dat_bytes b = { NULL, 0, dat->swap, false };

	cpu->packed = packed;
	if (!size)
		return;
	/* The size that a file gives is that of the chunks, without their number in front. */
	if (packed && size <= UINT64_MAX - 4)
		size += 4;
	if (offset > dat->file_len || size > dat->file_len - offset) {
		dat_damage(dat, dat->file_len,
			   "the data of CPU %u should be %llu bytes from offset %llu on, but the "
			   "file ends at %zu", cpu->cpu, (unsigned long long)size,
			   (unsigned long long)offset, dat->file_len);
		offset = MIN(offset, dat->file_len);
		size = MIN(size, dat->file_len - offset);
	}
	b.at = dat->file + offset;
	b.left = (size_t)size;
	if (packed) {
		cpu->nr_left = (uint32_t)dat_number(&b, 4);
		cpu->data = b.at;
		cpu->left = b.left;
		cpu->offset = offset + 4;
	} else {
		cpu->pages = b.at;
		cpu->pages_left = b.left;
		cpu->pages_offset = offset;
	}
}

bool dat_stream_next(struct dat *dat, struct dat_cpu *cpu)
{
	while (cpu->packed && wait_chunk(dat->reader, cpu)) {
		struct dat_chunk *chunk = &cpu->chunks[cpu->nr_used % DAT_CHUNKS];

		if (!chunk->damage) {
			cpu->pages = chunk->data;
			cpu->pages_left = chunk->len;
			cpu->pages_offset = chunk->offset;
			return true;
		}
		dat_damage(dat, chunk->offset, "a chunk of CPU %u at offset %llu: %s", cpu->cpu,
			   (unsigned long long)chunk->offset, chunk->damage);
		cpu->lost = cpu->unknown_loss = true;
	}
	return false;
}

uint64_t dat_stream_left(const struct dat *dat, const struct dat_cpu *cpu)
{
	uint64_t left;

	if (!cpu->packed)
		return cpu->pages_left;
	pthread_mutex_lock(&dat->reader->lock);
	left = cpu->nr_left ? cpu->left : 0;
	pthread_mutex_unlock(&dat->reader->lock);
	return left;
}

static void *help(void *arg)
{
	struct dat_reader *reader = arg;

	pthread_mutex_lock(&reader->lock);
	while (!reader->stop) {
		struct dat_cpu *cpu = emptiest(reader->dat);

		if (cpu)
			make_chunk(reader, &reader->there, cpu);
		else
			pthread_cond_wait(&reader->wanted, &reader->lock);
	}
	pthread_mutex_unlock(&reader->lock);
	return NULL;
}

static struct dat_cpu *emptiest(const struct dat *dat)
{
	struct dat_cpu *best = NULL;

	for (uint32_t i = 0; i < dat->nr_cpus; i++) {
		struct dat_cpu *cpu = &dat->cpus[i];

		if (can_take(cpu) &&
		    (!best || cpu->nr_taken - cpu->nr_used < best->nr_taken - best->nr_used))
			best = cpu;
	}
	return best;
}

static bool can_take(const struct dat_cpu *cpu)
{
	return cpu->nr_left && cpu->nr_taken - cpu->nr_used < DAT_CHUNKS;
}

/* Under the lock: takes the next chunk off the list and makes its buffer ready. */
static struct job begin_chunk(struct dat_reader *reader, struct dat_cpu *cpu)
{
	struct dat_chunk *chunk = &cpu->chunks[cpu->nr_taken % DAT_CHUNKS];
	struct dat_bytes b = { cpu->data, (size_t)cpu->left, reader->dat->swap, false };
	struct job job = { NULL, 0 };
	uint32_t size;

	job.packed_len = (uint32_t)dat_number(&b, 4);
	size = (uint32_t)dat_number(&b, 4);
	job.packed = dat_take(&b, job.packed_len);
	chunk->offset = cpu->offset;
	chunk->damage = NULL;
	if (!job.packed) {
		chunk->damage = "the file ends inside it";
		cpu->nr_left = 0;
		return job;
	}
	cpu->nr_left--;
	cpu->offset += (uint64_t)(b.at - cpu->data);
	cpu->data = b.at;
	cpu->left = b.left;
	if (!size || size > CHUNK_MAX || size % reader->dat->page_size)
		chunk->damage = "its size is no number of pages";
	else if (!size_chunk(reader, chunk, size))
		chunk->damage = "it needs more memory than all chunks may";
	return job;
}

static bool size_chunk(struct dat_reader *reader, struct dat_chunk *chunk, uint32_t size)
{
	if (size > chunk->cap) {
		if (reader->bytes - chunk->cap + size > all_chunks_max)
			return false;
		free(chunk->data);
		chunk->data = xmalloc(size);
		reader->bytes += size - chunk->cap;
		chunk->cap = size;
	}
	chunk->len = size;
	return true;
}

static void unpack_chunk(struct dat_reader *reader, struct unpacker *unpacker,
			 struct dat_chunk *chunk, const struct job *job)
{
	uLongf len = chunk->len;

	if (reader->packing == DAT_PACKING_ZLIB) {
		if (uncompress(chunk->data, &len, job->packed, job->packed_len) != Z_OK ||
		    len != chunk->len)
			chunk->damage = "zlib cannot unpack it";
		return;
	}
#ifdef HAVE_ZSTD
	if (ZSTD_decompressDCtx(unpacker->zstd, chunk->data, chunk->len, job->packed,
				job->packed_len) != chunk->len)
		chunk->damage = "zstd cannot unpack it";
#else
	(void)unpacker;
	chunk->damage = "this kmreplay was built without zstd";
#endif
}

/* Called and left with the lock held; the CPU must have a chunk to take. */
static void make_chunk(struct dat_reader *reader, struct unpacker *unpacker, struct dat_cpu *cpu)
{
	struct dat_chunk *chunk = &cpu->chunks[cpu->nr_taken % DAT_CHUNKS];
	struct job job = begin_chunk(reader, cpu);

	cpu->nr_taken++;
	pthread_mutex_unlock(&reader->lock);
	if (!chunk->damage)
		unpack_chunk(reader, unpacker, chunk, &job);
	pthread_mutex_lock(&reader->lock);
	chunk->ready = true;
	pthread_cond_signal(&reader->made);
}

/* Gives back the chunk that was read and waits for the next; false when there is none. */
static bool wait_chunk(struct dat_reader *reader, struct dat_cpu *cpu)
{
	pthread_mutex_lock(&reader->lock);
	if (cpu->holds) {
		cpu->holds = false;
		cpu->chunks[cpu->nr_used % DAT_CHUNKS].ready = false;
		cpu->nr_used++;
		/* Not for each chunk: waking the helper costs as much as some hundred events. */
		if (reader->threaded && cpu->nr_taken - cpu->nr_used <= DAT_CHUNKS / 2)
			pthread_cond_signal(&reader->wanted);
	}
	while (!cpu->chunks[cpu->nr_used % DAT_CHUNKS].ready) {
		if (can_take(cpu))
			make_chunk(reader, &reader->here, cpu);
		else if (cpu->nr_taken != cpu->nr_used)
			pthread_cond_wait(&reader->made, &reader->lock);
		else
			break;
	}
	cpu->holds = cpu->chunks[cpu->nr_used % DAT_CHUNKS].ready;
	pthread_mutex_unlock(&reader->lock);
	return cpu->holds;
}

static void unpacker_init(struct unpacker *unpacker, enum dat_packing packing)
{
#ifdef HAVE_ZSTD
	if (packing == DAT_PACKING_ZSTD) {
		unpacker->zstd = ZSTD_createDCtx();
		BUG_ON(!unpacker->zstd);
	}
#else
	(void)unpacker;
	(void)packing;
#endif
}

static void unpacker_deinit(struct unpacker *unpacker)
{
#ifdef HAVE_ZSTD
	ZSTD_freeDCtx(unpacker->zstd);
#else
	(void)unpacker;
#endif
}
