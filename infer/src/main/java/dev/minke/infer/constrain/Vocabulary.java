package dev.minke.infer.constrain;

import dev.minke.model.text.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The tokens of a vocabulary as a tree over their bytes; immutable, made once per tokenizer.
///
/// Tokens with common beginnings share a path. Nodes are numbered in the order of a walk that takes
/// a node before its children, and children by byte, so that a walk reads its arrays from left to
/// right. Special tokens, ids without a token and empty tokens are not in the tree.
public final class Vocabulary {
    private static final int LONGEST_TOKEN = 4096; // bytes; longer ones are never allowed

    private final int size;
    private final int[] endIds;
    private final int longest;
    final byte[] label; // by node: the byte that leads to it
    final char[] depth; // by node: bytes from the root
    final int[] skip; // by node: the first node that is not below it
    final int[] tokens; // ids in the order of nodes
    final int[] firstToken; // by node: where its own tokens begin in `tokens`
    private final int[] textIndex; // by id: index into `texts`, or -1
    private final byte[][] texts;

    private Vocabulary(int size, int[] endIds, byte[][] texts, int[] ids) {
        this.size = size;
        this.endIds = endIds.clone();
        this.texts = texts;
        this.tokens = ids;
        this.textIndex = new int[size];
        Arrays.fill(textIndex, -1);
        var builder = new TreeBuilder(texts);
        for (int i = 0; i < ids.length; i++) {
            textIndex[ids[i]] = i;
            builder.add(i);
        }
        builder.finish();
        this.label = builder.label;
        this.depth = builder.depth;
        this.skip = builder.skip;
        this.firstToken = builder.firstToken;
        this.longest = builder.longest;
    }

    /// Read all tokens of a tokenizer; generation ends with its end of text.
    public static Vocabulary of(Tokenizer tokenizer) {
        return of(tokenizer, tokenizer.eos().stream().toArray());
    }

    /// Read all tokens of a tokenizer; generation ends with any of these ids.
    public static Vocabulary of(Tokenizer tokenizer, int... endIds) {
        int size = tokenizer.vocabSize();
        for (int id : endIds) {
            if (id < 0 || id >= size) {
                throw new IllegalArgumentException(
                        "end id %d; the vocabulary has ids 0 to %d".formatted(id, size - 1));
            }
        }
        record Entry(byte[] text, int id) {}
        List<Entry> entries = new ArrayList<>(size);
        for (int id = 0; id < size; id++) {
            byte[] text = tokenizer.special(id) ? new byte[0] : bytes(tokenizer, id);
            if (text.length > 0 && text.length <= LONGEST_TOKEN) {
                entries.add(new Entry(text, id));
            }
        }
        for (int id : endIds) {
            entries.removeIf(entry -> entry.id() == id);
        }
        entries.sort((one, other) -> {
            int order = Arrays.compareUnsigned(one.text(), other.text());
            return order != 0 ? order : Integer.compare(one.id(), other.id());
        });
        return new Vocabulary(
                size,
                endIds,
                entries.stream().map(Entry::text).toArray(byte[][]::new),
                entries.stream().mapToInt(Entry::id).toArray());
    }

    /// Give the bytes of an id; none if it has no token.
    private static byte[] bytes(Tokenizer tokenizer, int id) {
        try {
            return tokenizer.bytes(id);
        } catch (IllegalArgumentException _) { // a hole in the vocabulary
            return new byte[0];
        }
    }

    /// The number of ids, as [Tokenizer#vocabSize].
    public int size() {
        return size;
    }

    /// The number of longs in a mask.
    public int maskLength() {
        return (size + 63) / 64;
    }

    /// Tell whether generation ends with this id.
    public boolean ends(int id) {
        for (int end : endIds) {
            if (id == end) {
                return true;
            }
        }
        return false;
    }

    /// The ids that end a text.
    int[] endIds() {
        return endIds.clone();
    }

    /// The length of the longest token in bytes.
    int longest() {
        return longest;
    }

    int nodes() {
        return label.length;
    }

    /// Tell whether an id stands for text.
    boolean hasText(int id) {
        return id >= 0 && id < size && textIndex[id] >= 0;
    }

    /// The bytes of an id that stands for text.
    byte[] text(int id) {
        return texts[textIndex[id]];
    }

    /// Puts sorted texts into a tree, one after the other.
    private static final class TreeBuilder {
        private final byte[][] texts;
        private byte[] label;
        private char[] depth;
        private int[] skip;
        private int[] firstToken;
        private final int[] path = new int[LONGEST_TOKEN + 1];
        private int pathLength;
        private int nodes = 1;
        private int longest;

        TreeBuilder(byte[][] texts) {
            this.texts = texts;
            int guess = 4 * texts.length + 16;
            label = new byte[guess];
            depth = new char[guess];
            skip = new int[guess];
            firstToken = new int[guess];
        }

        void add(int index) {
            byte[] text = texts[index];
            int common = index == 0 ? 0 : common(texts[index - 1], text);
            close(common);
            for (int i = common; i < text.length; i++) {
                grow();
                label[nodes] = text[i];
                depth[nodes] = (char) (i + 1);
                firstToken[nodes] = index;
                path[++pathLength] = nodes++;
            }
            longest = Math.max(longest, text.length);
        }

        private static int common(byte[] one, byte[] other) {
            int mismatch = Arrays.mismatch(one, other);
            return mismatch < 0 ? one.length : mismatch;
        }

        private void close(int length) {
            while (pathLength > length) {
                skip[path[pathLength--]] = nodes;
            }
        }

        private void grow() {
            if (nodes == label.length) {
                int larger = 2 * nodes;
                label = Arrays.copyOf(label, larger);
                depth = Arrays.copyOf(depth, larger);
                skip = Arrays.copyOf(skip, larger);
                firstToken = Arrays.copyOf(firstToken, larger);
            }
        }

        void finish() {
            close(0);
            skip[0] = nodes;
            label = Arrays.copyOf(label, nodes);
            depth = Arrays.copyOf(depth, nodes);
            skip = Arrays.copyOf(skip, nodes);
            firstToken = Arrays.copyOf(firstToken, nodes + 1);
            firstToken[nodes] = texts.length;
        }
    }
}
