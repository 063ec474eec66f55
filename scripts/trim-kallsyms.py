#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes a trace.dat of version 6 small: of the 7 MB of kernel symbols that trace-cmd puts into each
file, keeps those that the report names and, for the bounds, the one behind each. Stdout gets the
new file. Only for cutting fixtures, see scripts/cut-traces.

usage: trim-kallsyms.py IN.dat REPORT.txt >OUT.dat
"""

import re
import struct
import sys


def skip_sized(data, pos, width):
    """Behind a blob that a u32 or u64 gives the size of."""
    (size,) = struct.unpack_from("<I" if width == 4 else "<Q", data, pos)
    return pos + width + size


def kallsyms_pos(data):
    """Where the size of the symbols stands: behind header pages, ftrace formats and systems."""
    assert data[:14] == b"\x17\x08\x44tracing6\0\0\x08", "not a little-endian 64-bit version 6"
    pos = 14 + 4
    for name in (b"header_page\0", b"header_event\0"):
        assert data[pos : pos + len(name)] == name
        pos = skip_sized(data, pos + len(name), 8)
    (count,) = struct.unpack_from("<I", data, pos)
    pos += 4
    for _ in range(count):
        pos = skip_sized(data, pos, 8)
    (systems,) = struct.unpack_from("<I", data, pos)
    pos += 4
    for _ in range(systems):
        pos = data.index(b"\0", pos) + 1
        (count,) = struct.unpack_from("<I", data, pos)
        pos += 4
        for _ in range(count):
            pos = skip_sized(data, pos, 8)
    return pos


def trim(symbols, named):
    """Lines of kallsyms that are named, each with the next higher address."""
    lines = [line for line in symbols.split("\n") if line.strip()]
    lines.sort(key=lambda line: int(line.split()[0], 16))
    keep = set()
    for i, line in enumerate(lines):
        if line.split()[2] in named or line.split()[2] == "vmemmap_base":
            address = line.split()[0]
            while i < len(lines) and lines[i].split()[0] == address:
                keep.add(i)
                i += 1
            keep.add(min(i, len(lines) - 1))
    return "".join(lines[i] + "\n" for i in sorted(keep))


def set_offsets(data, pos, shift):
    """Moves the data areas of the CPUs by -shift bytes; returns where their table ends."""
    pos = skip_sized(data, pos, 4)  # printk formats
    pos = skip_sized(data, pos, 8)  # saved command lines
    (cpus,) = struct.unpack_from("<I", data, pos)
    pos += 4
    assert data[pos : pos + 10] == b"options  \0"
    pos += 10
    while True:
        (option,) = struct.unpack_from("<H", data, pos)
        pos += 2
        if not option:
            break
        pos = skip_sized(data, pos, 4)
    assert data[pos : pos + 10] == b"flyrecord\0"
    pos += 10
    for _ in range(cpus):
        offset, size = struct.unpack_from("<QQ", data, pos)
        struct.pack_into("<QQ", data, pos, offset - shift if offset else 0, size)
        pos += 16
    return pos


def main():
    with open(sys.argv[1], "rb") as f:
        data = f.read()
    with open(sys.argv[2], encoding="utf-8", errors="replace") as f:
        named = set(re.findall(r"([\w.]+)\+0x[0-9a-f]+", f.read()))
    at = kallsyms_pos(data)
    (size,) = struct.unpack_from("<I", data, at)
    old = data[at + 4 : at + 4 + size].rstrip(b"\0").decode()
    new = trim(old, named).encode() + b"\0"
    # The data areas are page-aligned: what goes is a multiple of the page, the rest is padding
    # between the table of CPUs and the first area.
    shift = (size - len(new)) // 4096 * 4096
    out = bytearray(data[:at] + struct.pack("<I", len(new)) + new)
    tail = bytearray(data[at + 4 + size :])
    end = set_offsets(tail, 0, shift)
    first = min(i for i in offsets(data, at + 4 + size) if i)
    out += tail[:end]
    assert len(out) <= first - shift
    out += bytes(first - shift - len(out))
    out += data[first:]
    sys.stdout.buffer.write(out)


def offsets(data, pos):
    """File offsets of the CPUs' data areas."""
    table = bytearray(data[pos:])
    end = set_offsets(table, 0, 0)
    start = table.rindex(b"flyrecord\0", 0, end) + 10
    return [struct.unpack_from("<Q", table, i)[0] for i in range(start, end, 16)]


main()
