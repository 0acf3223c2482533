package dev.minke.infer.engine;

import static java.nio.file.StandardOpenOption.READ;

import dev.minke.model.checkpoint.AtomicFiles;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/// The format of one block on disk, numbers in little endian:
///
///     magic 8, key of the empty prefix 32, key of the prefix 32, bytes of all layers 8,
///     number of layers 4, CRC-32C of each layer 4 each, CRC-32C of all this 4;
///     the layers' bytes as they lie in the pool, one behind the other
///
/// A reader takes nothing on trust: the file must have exactly the size and the keys that it
/// expects, and every checksum must hold. Not for several threads.
final class PrefixFile {
    private static final long MAGIC = 0x3176_6b65_6b6e_696dL; // "minkekv1"

    private final PrefixKey root;
    private final int layers;
    private final long payload;
    private final ByteBuffer header;
    private final CRC32C crc = new CRC32C();

    /// @param root key of the empty prefix
    /// @param layers of a block
    /// @param payload bytes of a block
    PrefixFile(PrefixKey root, int layers, long payload) {
        this.root = root;
        this.layers = layers;
        this.payload = payload;
        int bytes = 8 + 2 * PrefixKey.BYTES + 8 + 4 + 4 * layers + 4;
        header = ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /// Bytes of a file.
    long bytes() {
        return header.capacity() + payload;
    }

    /// Write the block with the prefix `key`.
    ///
    /// @param block the bytes of each layer
    void write(Path file, PrefixKey key, MemorySegment[] block) throws IOException {
        begin(key);
        for (MemorySegment layer : block) {
            header.putInt(checksum(layer));
        }
        header.putInt(checksum(header.duplicate().flip()));
        AtomicFiles.write(
                file,
                channel -> {
                    write(channel, header.flip());
                    for (MemorySegment layer : block) {
                        write(channel, layer.asByteBuffer());
                    }
                });
    }

    private void begin(PrefixKey key) {
        header.clear().putLong(MAGIC);
        root.write(header);
        key.write(header);
        header.putLong(payload).putInt(layers);
    }

    private static void write(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /// Read the block with the prefix `key`.
    ///
    /// @param block where the bytes of each layer go; undefined after a failure
    /// @throws IOException in one line saying what is wrong with the file
    void read(Path file, PrefixKey key, MemorySegment[] block) throws IOException {
        try (FileChannel channel = FileChannel.open(file, READ)) {
            if (channel.size() != bytes()) {
                throw new IOException(
                        "it has %d bytes, expected %d".formatted(channel.size(), bytes()));
            }
            begin(key);
            ByteBuffer expected = header.duplicate().flip();
            ByteBuffer found = ByteBuffer.allocate(header.capacity()).order(header.order());
            read(channel, found);
            found.flip();
            int end = found.capacity() - 4;
            if (found.getInt(end) != checksum(found.slice(0, end))) {
                throw new IOException("the checksum of its header is wrong");
            }
            if (!found.slice(0, expected.remaining()).equals(expected)) {
                throw new IOException("its header is that of another model or prefix");
            }
            for (int layer = 0; layer < block.length; layer++) {
                read(channel, block[layer].asByteBuffer());
                if (found.getInt(expected.remaining() + 4 * layer) != checksum(block[layer])) {
                    throw new IOException("the checksum of layer " + layer + " is wrong");
                }
            }
        }
    }

    private static void read(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            if (channel.read(bytes) < 0) {
                throw new EOFException("it ends too early");
            }
        }
    }

    private int checksum(MemorySegment bytes) {
        return checksum(bytes.asByteBuffer());
    }

    private int checksum(ByteBuffer bytes) {
        crc.reset();
        crc.update(bytes);
        return (int) crc.getValue();
    }
}
