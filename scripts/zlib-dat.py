#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Rewrites an uncompressed trace.dat of version 7 as one compressed with zlib, for trace-cmd of
Debian is built without zlib. Only for cutting fixtures, see scripts/cut-traces.

usage: zlib-dat.py NONE.dat >ZLIB.dat
"""

import struct
import sys
import zlib

OPTIONS, BUFFER, STRINGS = 0, 3, 15
SECTION_OPTIONS = (16, 17, 18, 19, 20, 21)
PAGES_PER_CHUNK = 10


def squeeze(body):
    """A compressed blob as version 7 has it: compressed size, size, data."""
    data = zlib.compress(body, 9)
    return struct.pack("<II", len(data), len(body)) + data


def chunks(data, page):
    """A CPU's pages: number of chunks, then each."""
    step = page * PAGES_PER_CHUNK
    parts = [squeeze(data[i : i + step]) for i in range(0, len(data), step)]
    return struct.pack("<I", len(parts)) + b"".join(parts)


def sections(data, pos):
    """(offset, id, string id, body) of each section of the file."""
    while pos + 16 <= len(data):
        ident, flags, text, size = struct.unpack_from("<HHIQ", data, pos)
        assert not flags, "compressed already"
        yield pos, ident, text, data[pos + 16 : pos + 16 + size]
        pos += 16 + size


def options(body):
    """(id, data) of an options section, the one that ends it included."""
    pos = 0
    while pos < len(body):
        ident, size = struct.unpack_from("<HI", body, pos)
        yield ident, bytearray(body[pos + 6 : pos + 6 + size])
        pos += 6 + size


def cpu_table(option):
    """Where the table of CPUs stands in a BUFFER option, and how many entries it has."""
    pos = option.index(b"\0", 8) + 1
    pos = option.index(b"\0", pos) + 1
    page, count = struct.unpack_from("<II", option, pos)
    return pos + 8, count, page


def main():
    with open(sys.argv[1], "rb") as f:
        data = f.read()
    assert data[:14] == b"\x17\x08\x44tracing7\0\0\x08" and data[18:24] == b"none\0\0"
    (first,) = struct.unpack_from("<Q", data, 24)
    everything = list(sections(data, 32))
    buffers = {}
    for _, ident, _, body in everything:
        for option, value in options(body) if ident == OPTIONS else ():
            if option == BUFFER:
                buffers[struct.unpack_from("<Q", value)[0]] = value

    out = bytearray(data[:18] + b"zlib\0" + b"1.2.13\0" + bytes(8))
    moved = {0: 0}
    areas = {}
    for pos, ident, text, body in everything:
        moved[pos] = len(out)
        head = len(out)
        if ident == OPTIONS:
            out += struct.pack("<HHIQ", ident, 0, text, len(body)) + body
            continue
        out += bytes(16)
        if ident == BUFFER:
            at, count, page = cpu_table(buffers[pos])
            for i in range(at, at + 20 * count, 20):
                _, offset, size = struct.unpack_from("<IQQ", buffers[pos], i)
                out += bytes(-len(out) % page)
                new = chunks(data[offset : offset + size], page)
                areas[offset] = (len(out), len(new))
                out += new
        else:
            out += squeeze(body)
        struct.pack_into("<HHIQ", out, head, ident, 1, text, len(out) - head - 16)

    # Now that all offsets are known, the options get theirs.
    struct.pack_into("<Q", out, 18 + 12, moved[first])
    for pos, ident, _, body in everything:
        at = moved[pos] + 16
        for option, value in options(body) if ident == OPTIONS else ():
            if option in SECTION_OPTIONS + (OPTIONS, BUFFER):
                struct.pack_into("<Q", value, 0, moved[struct.unpack_from("<Q", value)[0]])
            if option == BUFFER:
                table, count, _ = cpu_table(value)
                for i in range(table, table + 20 * count, 20):
                    cpu, offset, _ = struct.unpack_from("<IQQ", value, i)
                    struct.pack_into("<IQQ", value, i, cpu, *areas[offset])
            out[at : at + 6 + len(value)] = struct.pack("<HI", option, len(value)) + value
            at += 6 + len(value)
    sys.stdout.buffer.write(out)


main()
