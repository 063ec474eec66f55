/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recording's bytes: a file or a pipe, as it is or unpacked from gzip or zstd on the way.
 *
 * Streams go through a buffer of a few hundred KiB that stays in the second-level cache, which is
 * as fast as a mapping, works for pipes alike and keeps the resident memory flat. Only formats that
 * jump (trace.dat) ask for the content as a whole.
 */
#include <config.h>

#include "trace_internal.h"

#include "kmreplay/core/xalloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

enum {
	STRETCH = 256 << 10,  /* content read at a time */
	PACKED_BUF = 64 << 10, /* compressed bytes read at a time */
};

enum packing { PACKING_NONE, PACKING_GZIP, PACKING_ZSTD };

struct input {
	int fd;
	char *path;           /* for messages */
	uint64_t file_size;   /* 0: unknown */
	uint64_t file_done;   /* bytes of the file read */
	uint64_t content;     /* bytes of content produced */
	bool regular;
	bool file_eof;        /* read() has returned 0 */
	bool eof;             /* no more content comes */
	bool failed;          /* ... because of "error" */
	struct error error;
	enum packing packing;

	unsigned char *buf;   /* content: [start, end) is not consumed */
	size_t start, end, cap;

	unsigned char *packed; /* compressed bytes [packed_at, packed_end) not yet unpacked */
	size_t packed_at, packed_end;
	bool in_member; /* inside a gzip member or a zstd frame */
	z_stream z;
	bool z_open;
#ifdef HAVE_ZSTD
	ZSTD_DStream *zstd;
#endif

	void *map; /* input_map()'s */
	size_t map_len;
};

static bool open_file(struct input *in, struct error *err);
static bool open_packing(struct input *in, struct error *err);
static void make_room(struct input *in);
static void produce(struct input *in);
static size_t read_file(struct input *in, unsigned char *to, size_t len);
static bool refill_packed(struct input *in);
static size_t unpack_gzip(struct input *in, unsigned char *to, size_t len);
static size_t unpack_zstd(struct input *in, unsigned char *to, size_t len);
static void cut_short(struct input *in, const char *what);
static void fail(struct input *in);
static bool spill(struct input *in, int fd, struct error *err);
static int open_temporary(struct error *err);
static bool map_fd(struct input *in, int fd, uint64_t len, struct error *err);

struct input *input_open(const char *path, const char *name, struct error *err)
{
	struct input *in = xcalloc(1, sizeof(*in));

	in->fd = -1;
	in->path = xstrdup(name);
	if (strcmp(path, "-") == 0)
		in->fd = STDIN_FILENO;
	else
		in->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (in->fd < 0) {
		error_set_errno(err, errno, "cannot open '%s'", name);
		input_close(in);
		return NULL;
	}
	if (!open_file(in, err) || !open_packing(in, err)) {
		input_close(in);
		return NULL;
	}
	return in;
}

void input_close(struct input *in)
{
	if (!in)
		return;
	if (in->fd > STDIN_FILENO)
		close(in->fd);
	if (in->z_open)
		inflateEnd(&in->z);
#ifdef HAVE_ZSTD
	ZSTD_freeDStream(in->zstd);
#endif
	if (in->map)
		munmap(in->map, in->map_len);
	free(in->buf);
	free(in->packed);
	free(in->path);
	free(in);
}

const char *input_compression(const struct input *in)
{
	return in->packing == PACKING_GZIP ? "gzip" : in->packing == PACKING_ZSTD ? "zstd" : NULL;
}

const unsigned char *input_peek(struct input *in, size_t want, size_t *len, struct error *err)
{
	while (in->end - in->start < want && !in->eof)
		produce(in);
	*len = MIN(in->end - in->start, want);
	if (!*len && input_failed(in, err))
		return NULL;
	return in->buf + in->start;
}

void input_fill(struct input *in, const unsigned char **data, size_t *len, bool *eof)
{
	if (!in->eof)
		produce(in);
	*data = in->buf + in->start;
	*len = in->end - in->start;
	*eof = in->eof;
}

void input_consume(struct input *in, size_t len)
{
	BUG_ON(len > in->end - in->start);
	in->start += len;
}

bool input_map(struct input *in, const unsigned char **data, size_t *len, struct error *err)
{
	bool ok;

	if (in->regular && in->packing == PACKING_NONE) {
		ok = map_fd(in, in->fd, in->file_size, err);
		in->file_done = in->file_size;
	} else {
		int fd = open_temporary(err);

		ok = fd >= 0 && spill(in, fd, err) && map_fd(in, fd, in->content, err);
		if (fd >= 0)
			close(fd);
	}
	*data = in->map;
	*len = in->map_len;
	return ok;
}

bool input_failed(const struct input *in, struct error *err)
{
	if (in->failed)
		*err = in->error;
	return in->failed;
}

void input_progress(const struct input *in, uint64_t *done, uint64_t *total)
{
	*done = in->file_done;
	*total = in->file_size;
}

static bool open_file(struct input *in, struct error *err)
{
	struct stat st;

	if (fstat(in->fd, &st) != 0)
		return error_set_errno(err, errno, "cannot look at '%s'", in->path);
	if (S_ISDIR(st.st_mode))
		return error_set(err, "'%s' is a directory", in->path);
	/* A standard input redirected from a file counts as one only when nothing was read yet. */
	in->regular = S_ISREG(st.st_mode) && lseek(in->fd, 0, SEEK_CUR) == 0;
	if (in->regular) {
		in->file_size = (uint64_t)st.st_size;
		/* Only advice: whatever it answers, reading works. */
		(void)posix_fadvise(in->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	}
	return true;
}

/* Reads the first bytes and decides by them. */
static bool open_packing(struct input *in, struct error *err)
{
	static const unsigned char gzip_magic[] = { 0x1f, 0x8b };
	static const unsigned char zstd_magic[] = { 0x28, 0xb5, 0x2f, 0xfd };

	in->packed = xmalloc(PACKED_BUF);
	while (in->packed_end < sizeof(zstd_magic) && refill_packed(in))
		;
	if (in->failed) {
		*err = in->error;
		return false;
	}
	if (in->packed_end >= sizeof(gzip_magic) &&
	    memcmp(in->packed, gzip_magic, sizeof(gzip_magic)) == 0) {
		in->packing = PACKING_GZIP;
		if (inflateInit2(&in->z, 15 + 16) != Z_OK)
			return error_set(err, "cannot start zlib: %s",
					 in->z.msg ? in->z.msg : "out of memory");
		in->z_open = true;
	} else if (in->packed_end >= sizeof(zstd_magic) &&
		   memcmp(in->packed, zstd_magic, sizeof(zstd_magic)) == 0) {
		in->packing = PACKING_ZSTD;
#ifdef HAVE_ZSTD
		in->zstd = ZSTD_createDStream();
		if (!in->zstd)
			return error_set(err, "cannot start zstd");
#else
		return error_set(err, "'%s' is compressed with zstd, which this kmreplay was "
				 "built without", in->path);
#endif
	}
	return true;
}

/* Room for one more stretch behind "end". */
static void make_room(struct input *in)
{
	size_t kept = in->end - in->start;

	if (in->start) {
		memmove(in->buf, in->buf + in->start, kept);
		in->start = 0;
		in->end = kept;
	}
	if (in->cap - in->end >= STRETCH)
		return;
	in->cap = MAX(in->cap + in->cap / 2, in->end + STRETCH);
	in->buf = xreallocarray(in->buf, in->cap + INPUT_SLACK, 1);
	memset(in->buf + in->end, 0, in->cap + INPUT_SLACK - in->end);
}

/* At least one more byte of content, or "eof". */
static void produce(struct input *in)
{
	size_t got = 0;

	make_room(in);
	while (!got && !in->eof) {
		unsigned char *to = in->buf + in->end;

		switch (in->packing) {
		case PACKING_NONE:
			got = read_file(in, to, STRETCH);
			in->eof |= in->file_eof && !got;
			break;
		case PACKING_GZIP:
			got = unpack_gzip(in, to, STRETCH);
			break;
		case PACKING_ZSTD:
			got = unpack_zstd(in, to, STRETCH);
			break;
		default:
			BUG_ON(true);
		}
	}
	in->end += got;
	in->content += got;
}

/* What was read to find out the packing comes first. */
static size_t read_file(struct input *in, unsigned char *to, size_t len)
{
	ssize_t got;

	if (in->packed_at < in->packed_end) {
		size_t n = MIN(len, in->packed_end - in->packed_at);

		memcpy(to, in->packed + in->packed_at, n);
		in->packed_at += n;
		return n;
	}
	if (in->file_eof)
		return 0;
	do {
		got = read(in->fd, to, len);
	} while (got < 0 && errno == EINTR);
	if (got < 0) {
		error_set_errno(&in->error, errno, "cannot read '%s'", in->path);
		fail(in);
		return 0;
	}
	in->file_eof = got == 0;
	in->file_done += (uint64_t)got;
	return (size_t)got;
}

/* Appends to the compressed bytes; false at the end of the file or after an error. */
static bool refill_packed(struct input *in)
{
	ssize_t got;

	if (in->packed_at == in->packed_end)
		in->packed_at = in->packed_end = 0;
	if (in->file_eof || in->failed)
		return false;
	do {
		got = read(in->fd, in->packed + in->packed_end, PACKED_BUF - in->packed_end);
	} while (got < 0 && errno == EINTR);
	if (got < 0) {
		error_set_errno(&in->error, errno, "cannot read '%s'", in->path);
		fail(in);
		return false;
	}
	in->file_eof = got == 0;
	in->file_done += (uint64_t)got;
	in->packed_end += (size_t)got;
	return got > 0;
}

static size_t unpack_gzip(struct input *in, unsigned char *to, size_t len)
{
	int rc;

	if (in->packed_at == in->packed_end && !refill_packed(in)) {
		if (in->in_member)
			cut_short(in, "gzip");
		in->eof = true;
		return 0;
	}
	if (!in->in_member && in->content && in->packed[in->packed_at] == 0) {
		in->packed_at++; /* padding behind a member, as gzip(1) allows */
		return 0;
	}
	in->in_member = true;
	in->z.next_in = in->packed + in->packed_at;
	in->z.avail_in = (uInt)(in->packed_end - in->packed_at);
	in->z.next_out = to;
	in->z.avail_out = (uInt)len;
	rc = inflate(&in->z, Z_NO_FLUSH);
	in->packed_at = in->packed_end - in->z.avail_in;
	if (rc == Z_STREAM_END) {
		in->in_member = false;
		rc = inflateReset(&in->z); /* the next member, if one follows */
	}
	if (rc != Z_OK && rc != Z_BUF_ERROR) {
		error_set(&in->error, "'%s': damaged gzip data after %llu bytes of content: %s",
			  in->path, (unsigned long long)in->content,
			  in->z.msg ? in->z.msg : "needs a dictionary");
		fail(in);
	}
	return len - in->z.avail_out;
}

#ifdef HAVE_ZSTD
static size_t unpack_zstd(struct input *in, unsigned char *to, size_t len)
{
	ZSTD_inBuffer src;
	ZSTD_outBuffer dst = { .dst = to, .size = len };
	size_t rc;

	/* At the end of the file the decoder may still hold content that did not fit before. */
	if (in->packed_at == in->packed_end && !refill_packed(in) && !in->in_member) {
		in->eof = true;
		return 0;
	}
	src = (ZSTD_inBuffer){ .src = in->packed, .size = in->packed_end, .pos = in->packed_at };
	rc = ZSTD_decompressStream(in->zstd, &dst, &src);
	in->packed_at = src.pos;
	if (ZSTD_isError(rc)) {
		error_set(&in->error, "'%s': damaged zstd data after %llu bytes of content: %s",
			  in->path, (unsigned long long)in->content, ZSTD_getErrorName(rc));
		fail(in);
		return dst.pos;
	}
	in->in_member = rc != 0;
	if (in->in_member && in->file_eof && !dst.pos && src.pos == src.size)
		cut_short(in, "zstd");
	return dst.pos;
}
#else
static size_t unpack_zstd(struct input *in UNUSED, unsigned char *to UNUSED, size_t len UNUSED)
{
	BUG_ON(true); /* open_packing() refuses such a file */
}
#endif

static void cut_short(struct input *in, const char *what)
{
	if (in->failed)
		return;
	error_set(&in->error, "'%s': the %s data end early, after %llu bytes of content", in->path,
		  what, (unsigned long long)in->content);
	fail(in);
}

static void fail(struct input *in)
{
	in->failed = true;
	in->eof = true;
}

/* Writes all content to "fd". */
static bool spill(struct input *in, int fd, struct error *err)
{
	for (;;) {
		const unsigned char *data;
		size_t len;
		bool eof;

		input_fill(in, &data, &len, &eof);
		while (len) {
			ssize_t put = write(fd, data, len);

			if (put < 0 && errno == EINTR)
				continue;
			if (put < 0)
				return error_set_errno(err, errno,
						       "cannot unpack '%s' to a temporary file",
						       in->path);
			input_consume(in, (size_t)put);
			data += put;
			len -= (size_t)put;
		}
		if (eof)
			return true;
	}
}

/* A file without a name in $TMPDIR or /var/tmp (/tmp may be memory). */
static int open_temporary(struct error *err)
{
	const char *dir = getenv("TMPDIR");
	char *name;
	int fd;

	if (!dir || !dir[0])
		dir = "/var/tmp";
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	name = xasprintf("%s/kmreplay-XXXXXX", dir);
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		error_set_errno(err, errno, "cannot make a temporary file in '%s'", dir);
	else
		unlink(name);
	free(name);
	return fd;
}

static bool map_fd(struct input *in, int fd, uint64_t len, struct error *err)
{
	void *map;

	if (!len)
		return true;
	if (len > SIZE_MAX)
		return error_set(err, "'%s' is too large to map", in->path);
	map = mmap(NULL, (size_t)len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return error_set_errno(err, errno, "cannot map '%s'", in->path);
	in->map = map;
	in->map_len = (size_t)len;
	return true;
}
