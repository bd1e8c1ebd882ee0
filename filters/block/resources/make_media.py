#!/usr/bin/env python3
"""Makes the pictures, sounds and the film that stand in for blocked ones.

Each is the smallest that decoders take: transparent pictures, MPEG-2 layer III
frames with nothing in them, one black H.264 macroblock that is shown for a
second. Writes beside itself; the results are kept in the tree.
"""
import os
import struct
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))


def write(name, data):
    with open(os.path.join(HERE, name), "wb") as f:
        f.write(data)


def gif():
    return (b"GIF89a\1\0\1\0\x80\0\0\0\0\0\0\0\0!\xf9\4\1\0\0\0\0"
            b",\0\0\0\0\1\0\1\0\0\2\2D\1\0;")


def png(width, height):
    """One bit of grey a pixel; grey 0 is transparent."""
    def chunk(kind, data):
        crc = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + \
            struct.pack(">I", crc)

    rows = (b"\0" + bytes((width + 7) // 8)) * height
    return (b"\x89PNG\r\n\x1a\n" +
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height,
                                       1, 0, 0, 0, 0)) +
            chunk(b"tRNS", b"\0\0") +
            chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def mp3(seconds):
    """16 kHz, mono, 8 kbit/s: frames of 36 ms and 36 bytes, all silent."""
    frames = -(-int(seconds * 1000) // 36)
    return (bytes([0xff, 0xf3, 0x18, 0xc4]) + bytes(32)) * frames


class Bits:
    def __init__(self):
        self.text = ""

    def u(self, n, value):
        self.text += format(value, "0%db" % n)

    def ue(self, value):
        code = format(value + 1, "b")
        self.text += "0" * (len(code) - 1) + code

    def se(self, value):
        self.ue(2 * value - 1 if value > 0 else -2 * value)

    def align(self):
        self.text += "0" * (-len(self.text) % 8)

    def end(self):
        """rbsp_trailing_bits()."""
        self.text += "1"
        self.align()
        return self.bytes()

    def bytes(self):
        return bytes(int(self.text[i:i + 8], 2)
                     for i in range(0, len(self.text), 8))


def nal(kind, payload):
    out = bytearray([kind])
    zeros = 0
    for b in payload:
        if zeros >= 2 and b <= 3:
            out.append(3)
            zeros = 0
        out.append(b)
        zeros = zeros + 1 if b == 0 else 0
    return bytes(out)


def sps():
    b = Bits()
    b.u(8, 66), b.u(8, 0xc0), b.u(8, 10)  # constrained baseline, level 1
    b.ue(0)  # id
    b.ue(0)  # log2_max_frame_num - 4
    b.ue(2)  # pic_order_cnt_type
    b.ue(1)  # max_num_ref_frames
    b.u(1, 0)
    b.ue(0), b.ue(0)  # 16 x 16
    b.u(1, 1)  # frame_mbs_only
    b.u(1, 1)  # direct_8x8_inference
    b.u(1, 0)  # no cropping
    b.u(1, 0)  # no VUI
    return nal(0x67, b.end())


def pps():
    b = Bits()
    b.ue(0), b.ue(0)
    b.u(1, 0)  # CAVLC
    b.u(1, 0)
    b.ue(0)  # one slice group
    b.ue(0), b.ue(0)
    b.u(1, 0), b.u(2, 0)
    b.se(0), b.se(0), b.se(0)
    b.u(1, 1)  # deblocking_filter_control
    b.u(1, 0), b.u(1, 0)
    return nal(0x68, b.end())


def slice_idr():
    """One macroblock, black, its samples written out (I_PCM)."""
    b = Bits()
    b.ue(0)  # first_mb
    b.ue(7)  # I, all slices
    b.ue(0)  # pps
    b.u(4, 0)  # frame_num
    b.ue(0)  # idr_pic_id
    b.u(1, 0), b.u(1, 0)  # dec_ref_pic_marking
    b.se(0)  # slice_qp_delta: 26
    b.ue(1)  # no deblocking
    b.ue(25)  # I_PCM
    b.align()
    for value, n in ((16, 256), (128, 128)):
        for _ in range(n):
            b.u(8, value)
    return nal(0x65, b.end())


def box(kind, *parts):
    data = b"".join(parts)
    return struct.pack(">I", 8 + len(data)) + kind + data


def full(kind, flags, *parts):
    return box(kind, struct.pack(">I", flags), *parts)


MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def mp4():
    """ISO/IEC 14496-12 and -15; one track, one sample of one second."""
    sample = slice_idr()
    sample = struct.pack(">I", len(sample)) + sample
    seq, pic = sps(), pps()
    avcc = box(b"avcC", bytes([1]), seq[1:4], bytes([0xff, 0xe1]),
               struct.pack(">H", len(seq)), seq, bytes([1]),
               struct.pack(">H", len(pic)), pic)
    avc1 = box(b"avc1", bytes(6), struct.pack(">H", 1), bytes(16),
               struct.pack(">HH", 16, 16),
               struct.pack(">II", 0x480000, 0x480000), bytes(4),
               struct.pack(">H", 1), bytes(32), struct.pack(">Hh", 24, -1),
               avcc)
    ftyp = box(b"ftyp", b"isom", struct.pack(">I", 0), b"isomavc1")

    def moov(offset):
        stbl = box(
            b"stbl",
            full(b"stsd", 0, struct.pack(">I", 1), avc1),
            full(b"stts", 0, struct.pack(">III", 1, 1, 1000)),
            full(b"stsc", 0, struct.pack(">IIII", 1, 1, 1, 1)),
            full(b"stsz", 0, struct.pack(">II", len(sample), 1)),
            full(b"stco", 0, struct.pack(">II", 1, offset)))
        minf = box(b"minf", full(b"vmhd", 1, bytes(8)),
                   box(b"dinf", full(b"dref", 0, struct.pack(">I", 1),
                                     full(b"url ", 1))), stbl)
        mdia = box(b"mdia",
                   full(b"mdhd", 0, struct.pack(">IIII", 0, 0, 1000, 1000),
                        struct.pack(">HH", 0x55c4, 0)),
                   full(b"hdlr", 0, bytes(4), b"vide", bytes(13)), minf)
        trak = box(b"trak",
                   full(b"tkhd", 3, struct.pack(">IIIII", 0, 0, 1, 0, 1000),
                        bytes(16), MATRIX,
                        struct.pack(">II", 16 << 16, 16 << 16)), mdia)
        return box(b"moov",
                   full(b"mvhd", 0, struct.pack(">IIII", 0, 0, 1000, 1000),
                        struct.pack(">IH", 0x10000, 0x100), bytes(10), MATRIX,
                        bytes(24), struct.pack(">I", 2)), trak)

    offset = len(ftyp) + len(moov(0)) + 8
    return ftyp + moov(offset) + box(b"mdat", sample)


if __name__ == "__main__":
    write("1x1.gif", gif())
    for size in ((2, 2), (3, 2), (32, 32)):
        write("%dx%d.png" % size, png(*size))
    write("noop-0.1s.mp3", mp3(0.1))
    write("noop-0.5s.mp3", mp3(0.5))
    write("noop-1s.mp4", mp4())
