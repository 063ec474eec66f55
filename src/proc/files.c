/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of a snapshot on disk, gzipped or not: zlib reads both alike. */
#include <config.h>

#include "proc_internal.h"

#include <errno.h>
#include <string.h>

enum { PIECE = 1 << 16 };

/** Takes the next piece of a file; false: enough. */
typedef bool take_fn(void *ctx, const uint8_t *data, size_t len);

static bool read_pieces(const char *path, take_fn *take, void *ctx, struct error *err);
static bool read_error(gzFile gz, const char *path, struct error *err);

static bool take_text(void *ctx, const uint8_t *data, size_t len)
{
	struct str *out = ctx;

	str_add_mem(out, data, len);
	return out->len <= PROC_MAX_TEXT;
}

bool proc_read_text(const char *path, struct str *out, struct error *err)
{
	if (!read_pieces(path, take_text, out, err))
		return false;
	if (out->len > PROC_MAX_TEXT)
		return error_set(err, "%s: more than %u MiB, which no such file has", path,
				 PROC_MAX_TEXT >> 20);
	return true;
}

static bool take_flags(void *ctx, const uint8_t *data, size_t len)
{
	proc_kpageflags_feed(ctx, data, len);
	return true;
}

bool proc_read_kpageflags(struct proc_snapshot *snap, const char *path, struct error *err)
{
	struct proc_kpageflags_feed feed = { .to = &snap->kpageflags };

	return read_pieces(path, take_flags, &feed, err) && proc_kpageflags_end(&feed, path, err);
}

static bool read_pieces(const char *path, take_fn *take, void *ctx, struct error *err)
{
	gzFile gz = gzopen(path, "re");
	uint8_t piece[PIECE];
	int len;

	if (!gz)
		return error_set_errno(err, errno ? errno : ENOMEM, "cannot open '%s'", path);
	do {
		errno = 0;
		len = gzread(gz, piece, sizeof(piece));
	} while (len > 0 && take(ctx, piece, (size_t)len));
	/* A gzip file that is cut off reads as if it ended there, and says so only here. */
	if (len <= 0 && !read_error(gz, path, err)) {
		gzclose_r(gz);
		return false;
	}
	gzclose_r(gz);
	return true;
}

/* True when there was none. */
static bool read_error(gzFile gz, const char *path, struct error *err)
{
	int errnum = errno, code;
	const char *text = gzerror(gz, &code);

	if (code == Z_OK || code == Z_STREAM_END)
		return true;
	if (code == Z_ERRNO)
		return error_set_errno(err, errnum ? errnum : EIO, "cannot read '%s'", path);
	if (code == Z_BUF_ERROR)
		return error_set(err, "cannot unpack '%s': it is cut off", path);
	return error_set(err, "cannot unpack '%s': %s", path, text);
}
