package dev.minke.it;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// Damage to the structure of GGUF: counts, keys, values of all types, tensors and their places.
///
/// Takes a file that is whole apart into keys, tensors and data, changes one of the parts and puts
/// it together again, so that everything else stays as it should be.
final class DamageGguf implements Damage.Mutator {
    private static final int ALIGNMENT = 32;
    private static final int STRING = 8;
    private static final int ARRAY = 9;
    private static final int[] BYTES = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    private static final int[] TENSOR_TYPES = {
        0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 20, 23, 24, 26, 27, 28, 30, 34, 39, 42
    };

    /// A file in parts; `start` is what the numbers of tensors and keys follow.
    private static final class Parts {
        private byte[] start = new byte[8];
        private long tensorCount;
        private long keyCount;
        private final List<Key> keys = new ArrayList<>();
        private final List<Tensor> tensors = new ArrayList<>();
        private byte[] data = new byte[0];
    }

    /// A key with the bytes of its value.
    private record Key(byte[] name, int type, byte[] value) {}

    /// A tensor with its dimensions in the order of the file; `rank` is what the file says.
    private record Tensor(byte[] name, int rank, long[] dimensions, int type, long offset) {
        Tensor withDimensions(long... other) {
            return new Tensor(name, other.length, other, type, offset);
        }

        Tensor withType(int other) {
            return new Tensor(name, rank, dimensions, other, offset);
        }

        Tensor withOffset(long other) {
            return new Tensor(name, rank, dimensions, type, other);
        }
    }

    /// A copy in which a key is an UINT32 of that value.
    static byte[] with(byte[] original, String key, int value) {
        Parts parts = new Reader(original).parts();
        byte[] name = key.getBytes(StandardCharsets.UTF_8);
        parts.keys.replaceAll(
                k -> Arrays.equals(k.name, name) ? new Key(name, 4, integer(value, 4)) : k);
        return write(parts);
    }

    /// Where the data of a whole file begin.
    static int header(byte[] file) {
        return file.length - new Reader(file).parts().data.length;
    }

    @Override
    public Damage damage(byte[] original, Random random) {
        Parts parts = new Reader(original).parts();
        String what =
                parts.tensors.isEmpty() || random.nextBoolean()
                        ? damageKeys(parts, random)
                        : damageTensors(parts, random);
        return new Damage(what, write(parts));
    }

    private static String damageKeys(Parts parts, Random random) {
        int at = random.nextInt(parts.keys.size());
        Key key = parts.keys.get(at);
        String name = new String(key.name, StandardCharsets.UTF_8);
        switch (random.nextInt(12)) {
            case 0 -> {
                parts.keyCount = DamageBytes.odd(random);
                return "key count: " + parts.keyCount;
            }
            case 1 -> {
                byte[] start = integer(random.nextInt(6), 4);
                System.arraycopy(start, 0, parts.start, 4, 4);
                return "version: " + start[0];
            }
            case 2 -> {
                parts.keys.remove(at);
                parts.keyCount--;
                return "key lost: " + name;
            }
            case 3 -> {
                parts.keys.add(random.nextInt(parts.keys.size()), key);
                parts.keyCount++;
                return "key doubled: " + name;
            }
            case 4 -> {
                Key other = parts.keys.get(random.nextInt(parts.keys.size()));
                parts.keys.set(at, new Key(key.name, other.type, other.value));
                return "value: of another as " + name;
            }
            case 5 -> {
                int type = random.nextInt(14);
                parts.keys.set(at, new Key(key.name, type, key.value));
                return "value type: %d as %s".formatted(type, name);
            }
            case 6 -> {
                byte[] text = name(random, key.name);
                parts.keys.set(at, new Key(text, key.type, key.value));
                return "key renamed: " + name;
            }
            case 7 -> {
                long alignment = DamageBytes.odd(random);
                byte[] text = "general.alignment".getBytes(StandardCharsets.UTF_8);
                parts.keys.add(at, new Key(text, 4, integer(alignment, 4)));
                parts.keyCount++;
                return "alignment: " + (int) alignment;
            }
            case 8 -> {
                int depth = random.nextInt(4) == 0 ? 100_000 : 1 + random.nextInt(12);
                parts.keys.set(at, new Key(key.name, ARRAY, nested(depth)));
                return "nested: %d deep as %s".formatted(depth, name);
            }
            case 9 -> {
                if (key.type == ARRAY) {
                    byte[] value = key.value.clone();
                    long count = DamageBytes.odd(random);
                    MemorySegment.ofArray(value).set(DamageBytes.LONG, 4, count);
                    parts.keys.set(at, new Key(key.name, ARRAY, value));
                    return "array count: %d as %s".formatted(count, name);
                }
                parts.keys.set(at, value(key.name, random));
                return "value: of any kind as " + name;
            }
            case 10 -> {
                parts.keys.set(at, value(key.name, random));
                return "value: of any kind as " + name;
            }
            default -> {
                long number = DamageBytes.odd(random);
                int type = key.type < STRING && key.type != 7 ? key.type : 4;
                parts.keys.set(at, new Key(key.name, type, integer(number, BYTES[type])));
                return "value: %d as %s".formatted(number, name);
            }
        }
    }

    /// A value of any type that is whole.
    private static Key value(byte[] name, Random random) {
        int type = random.nextInt(13);
        byte[] value =
                switch (type) {
                    case STRING -> string(text(random));
                    case ARRAY -> array(random);
                    case 7 -> integer(random.nextInt(2), 1);
                    case 6 -> integer(Float.floatToRawIntBits(real(random)), 4);
                    case 12 -> integer(Double.doubleToRawLongBits(real(random)), 8);
                    default -> integer(DamageBytes.odd(random), BYTES[type]);
                };
        return new Key(name, type, value);
    }

    private static float real(Random random) {
        float[] odd = {0, -1, 1e-30f, 1e30f, Float.NaN, Float.POSITIVE_INFINITY, 0.5f, 1, 10_000};
        return odd[random.nextInt(odd.length)];
    }

    private static byte[] text(Random random) {
        return switch (random.nextInt(7)) {
            case 0 -> new byte[0];
            case 1 -> new byte[] {(byte) 0xff, (byte) 0xc0, 0};
            case 2 -> "a\nb\r\u2028".getBytes(StandardCharsets.UTF_8);
            case 3 -> "x".repeat(random.nextInt(100_000)).getBytes(StandardCharsets.UTF_8);
            default -> {
                String[] words = {
                    "deepseek2",
                    "llama",
                    "qwen2",
                    "gpt2",
                    "yarn",
                    "linear",
                    "none",
                    "no_vocab",
                    "qwen2moe",
                    "deepseek-v3",
                    "default",
                    "llama-bpe",
                    "longrope"
                };
                yield words[random.nextInt(words.length)].getBytes(StandardCharsets.UTF_8);
            }
        };
    }

    private static byte[] array(Random random) {
        int type = random.nextInt(13);
        int count = random.nextInt(8) == 0 ? random.nextInt(20_000) : random.nextInt(6);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(integer(type, 4));
        out.writeBytes(integer(count, 8));
        for (int i = 0; i < count; i++) {
            switch (type) {
                case STRING -> out.writeBytes(string(text(new Random(i))));
                case ARRAY -> out.writeBytes(nested(1));
                case 7 -> out.writeBytes(integer(i % 2, 1));
                default -> out.writeBytes(integer(DamageBytes.odd(random), BYTES[type]));
            }
        }
        return out.toByteArray();
    }

    /// Arrays of one array each, and a byte in the last.
    private static byte[] nested(int depth) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int i = 0; i < depth; i++) {
            out.writeBytes(integer(i == depth - 1 ? 0 : ARRAY, 4));
            out.writeBytes(integer(1, 8));
        }
        out.write(1);
        return out.toByteArray();
    }

    private static String damageTensors(Parts parts, Random random) {
        int at = random.nextInt(parts.tensors.size());
        Tensor tensor = parts.tensors.get(at);
        Tensor other = parts.tensors.get(random.nextInt(parts.tensors.size()));
        String name = new String(tensor.name, StandardCharsets.UTF_8);
        switch (random.nextInt(12)) {
            case 0 -> {
                parts.tensorCount = DamageBytes.odd(random);
                return "tensor count: " + parts.tensorCount;
            }
            case 1 -> {
                parts.tensors.remove(at);
                parts.tensorCount--;
                return "tensor lost: " + name;
            }
            case 2 -> {
                parts.tensors.add(at, tensor);
                parts.tensorCount++;
                return "tensor doubled: " + name;
            }
            case 3 -> {
                byte[] text = name(random, tensor.name);
                parts.tensors.set(
                        at,
                        new Tensor(
                                text, tensor.rank, tensor.dimensions, tensor.type, tensor.offset));
                return "tensor renamed: " + name;
            }
            case 4 -> {
                parts.tensors.set(at, tensor.withOffset(other.offset));
                return "overlap: " + name;
            }
            case 5 -> {
                long offset =
                        random.nextBoolean()
                                ? DamageBytes.odd(random)
                                : tensor.offset + ALIGNMENT * (random.nextLong(9) - 4);
                parts.tensors.set(at, tensor.withOffset(offset));
                return "offset: %d of %s".formatted(offset, name);
            }
            case 6 -> {
                int type =
                        random.nextInt(4) == 0
                                ? (int) DamageBytes.odd(random)
                                : TENSOR_TYPES[random.nextInt(TENSOR_TYPES.length)];
                parts.tensors.set(at, tensor.withType(type));
                return "tensor type: %d of %s".formatted(type, name);
            }
            case 7 -> {
                int rank =
                        random.nextInt(4) == 0 ? (int) DamageBytes.odd(random) : random.nextInt(9);
                parts.tensors.set(
                        at,
                        new Tensor(
                                tensor.name, rank, tensor.dimensions, tensor.type, tensor.offset));
                return "rank: %d of %s".formatted(rank, name);
            }
            case 8 -> {
                long[] dimensions = tensor.dimensions.clone();
                dimensions[random.nextInt(dimensions.length)] = DamageBytes.odd(random);
                parts.tensors.set(at, tensor.withDimensions(dimensions));
                return "dimensions: %s of %s".formatted(Arrays.toString(dimensions), name);
            }
            case 9 -> {
                parts.tensors.set(at, tensor.withDimensions(other.dimensions));
                return "dimensions: of another of " + name;
            }
            case 10 -> {
                long[] dimensions = reshaped(tensor.dimensions, random);
                parts.tensors.set(at, tensor.withDimensions(dimensions));
                return "dimensions: %s of %s".formatted(Arrays.toString(dimensions), name);
            }
            default -> {
                parts.tensors.set(
                        at,
                        tensor.withDimensions(0, DamageBytes.odd(random), DamageBytes.odd(random)));
                return "dimensions: none of " + name;
            }
        }
    }

    /// As many elements in another shape: with ones before or behind, in one row, in one column.
    private static long[] reshaped(long[] dimensions, Random random) {
        long size = 1;
        for (long n : dimensions) {
            size *= n;
        }
        return switch (random.nextInt(5)) {
            case 0 -> new long[] {size};
            case 1 -> new long[] {1, size};
            case 2 -> new long[] {dimensions[0], 1, 1, size / Math.max(1, dimensions[0])};
            case 3 -> new long[] {size / 2, 2};
            default -> {
                long[] more = Arrays.copyOf(dimensions, dimensions.length + 1);
                more[dimensions.length] = 1;
                yield more;
            }
        };
    }

    private static byte[] name(Random random, byte[] name) {
        return switch (random.nextInt(5)) {
            case 0 -> new byte[0];
            case 1 -> new byte[] {(byte) 0xff};
            case 2 -> new byte[random.nextInt(70_000)];
            case 3 -> "a\nb".getBytes(StandardCharsets.UTF_8);
            default -> {
                byte[] changed = name.clone();
                changed[random.nextInt(changed.length)]++;
                yield changed;
            }
        };
    }

    private static byte[] string(byte[] text) {
        byte[] bytes = Arrays.copyOf(integer(text.length, 8), 8 + text.length);
        System.arraycopy(text, 0, bytes, 8, text.length);
        return bytes;
    }

    private static byte[] integer(long value, int bytes) {
        byte[] eight = new byte[8];
        MemorySegment.ofArray(eight).set(DamageBytes.LONG, 0, value);
        return Arrays.copyOf(eight, bytes);
    }

    private static byte[] write(Parts parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(parts.start);
        out.writeBytes(integer(parts.tensorCount, 8));
        out.writeBytes(integer(parts.keyCount, 8));
        for (Key key : parts.keys) {
            out.writeBytes(string(key.name));
            out.writeBytes(integer(key.type, 4));
            out.writeBytes(key.value);
        }
        for (Tensor tensor : parts.tensors) {
            out.writeBytes(string(tensor.name));
            out.writeBytes(integer(tensor.rank, 4));
            for (long n : tensor.dimensions) {
                out.writeBytes(integer(n, 8));
            }
            out.writeBytes(integer(tensor.type, 4));
            out.writeBytes(integer(tensor.offset, 8));
        }
        out.writeBytes(new byte[(ALIGNMENT - out.size() % ALIGNMENT) % ALIGNMENT]);
        out.writeBytes(parts.data);
        return out.toByteArray();
    }

    /// Goes through a file that is whole.
    private static final class Reader {
        private final byte[] file;
        private final MemorySegment segment;
        private int at;

        Reader(byte[] file) {
            this.file = file;
            this.segment = MemorySegment.ofArray(file);
        }

        Parts parts() {
            Parts parts = new Parts();
            parts.start = take(8);
            parts.tensorCount = integer();
            parts.keyCount = integer();
            for (long i = 0; i < parts.keyCount; i++) {
                byte[] name = take((int) integer());
                int type = segment.get(DamageBytes.INT, at);
                at += 4;
                int from = at;
                skip(type);
                parts.keys.add(new Key(name, type, Arrays.copyOfRange(file, from, at)));
            }
            for (long i = 0; i < parts.tensorCount; i++) {
                byte[] name = take((int) integer());
                int rank = segment.get(DamageBytes.INT, at);
                at += 4;
                long[] dimensions = new long[rank];
                for (int d = 0; d < rank; d++) {
                    dimensions[d] = integer();
                }
                int type = segment.get(DamageBytes.INT, at);
                at += 4;
                parts.tensors.add(new Tensor(name, rank, dimensions, type, integer()));
            }
            int data = Math.min(Math.ceilDiv(at, ALIGNMENT) * ALIGNMENT, file.length);
            parts.data = Arrays.copyOfRange(file, data, file.length);
            return parts;
        }

        private byte[] take(int count) {
            at += count;
            return segment.asSlice(at - count, count).toArray(ValueLayout.JAVA_BYTE);
        }

        private long integer() {
            at += 8;
            return segment.get(DamageBytes.LONG, at - 8L);
        }

        private void skip(int type) {
            if (type == STRING) {
                int length = (int) integer();
                at += length;
            } else if (type == ARRAY) {
                int element = segment.get(DamageBytes.INT, at);
                at += 4;
                long count = integer();
                for (long i = 0; i < count; i++) {
                    skip(element);
                }
            } else {
                at += BYTES[type];
            }
        }
    }
}
