package dev.minke.infer.engine;

import dev.minke.infer.engine.PrefixIndex.Node;
import dev.minke.tensor.PageRow;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.WeightMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// The memory of the cache: blocks of 64 tokens for all layers, counted, shared and reused.
///
/// A block is free, held (by one sequence or more), or kept: nobody holds it, but the index knows
/// what it contains. A new block is a free one, else the one kept longest without use. Not for
/// several threads.
final class BlockPool implements AutoCloseable {
    private static final int BLOCK = CacheLayout.BLOCK;

    private final CacheLayout layout;
    private final Arena arena = new WeightMemory(); // huge pages: decodes read all of it
    private final PageRow row;
    private final Tensor[] pages;
    private final PrefixIndex index;
    private final int blocks;
    private final int[] holders;
    private final Node[] nodes;
    private final int[] free;
    private int freeCount;
    // kept blocks in a ring through the element `blocks`, the longest unused first
    private final int[] next;
    private final int[] previous;
    private int keptCount;

    /// Take the memory.
    ///
    /// @param layout what a token needs
    /// @param bytes upper bound; whole blocks are made of it
    /// @param secret of the index
    /// @throws IllegalArgumentException if not even one block fits
    BlockPool(CacheLayout layout, long bytes, long secret) {
        long count = Math.min(bytes / layout.blockBytes(), Integer.MAX_VALUE / BLOCK);
        if (count < 1) {
            throw new IllegalArgumentException(
                    "the cache may take %d bytes, one block of %d tokens takes %d"
                            .formatted(bytes, BLOCK, layout.blockBytes()));
        }
        this.layout = layout;
        row = layout.row();
        this.blocks = (int) count;
        index = new PrefixIndex(secret);
        pages = new Tensor[layout.layers()];
        for (int layer = 0; layer < pages.length; layer++) {
            pages[layer] =
                    Tensor.zeros(arena, row.type(), blocks, layout.parts(), BLOCK, row.elements());
        }
        holders = new int[blocks];
        nodes = new Node[blocks];
        Arrays.fill(nodes, index.root()); // stands for: the index does not know the block
        free = new int[blocks];
        for (int i = 0; i < blocks; i++) {
            free[i] = blocks - 1 - i;
        }
        freeCount = blocks;
        next = new int[blocks + 1];
        previous = new int[blocks + 1];
        next[blocks] = blocks;
        previous[blocks] = blocks;
    }

    CacheLayout layout() {
        return layout;
    }

    PrefixIndex index() {
        return index;
    }

    /// How the tokens of a block lie in its rows.
    PageRow row() {
        return row;
    }

    /// [blocks, parts, 64, elements] of a layer, rows as [#row()] says.
    Tensor pages(int layer) {
        return pages[layer];
    }

    /// All blocks.
    int size() {
        return blocks;
    }

    /// Blocks that [#take] can give: free ones and kept ones.
    int available() {
        return freeCount + keptCount;
    }

    /// Blocks that only the index knows.
    int kept() {
        return keptCount;
    }

    /// Sequences that hold `block`.
    int holders(int block) {
        return holders[block];
    }

    /// Hold a block of undefined content; the prefix it had is forgotten.
    ///
    /// @throws IllegalStateException if none is available
    int take() {
        int block;
        if (freeCount > 0) {
            block = free[--freeCount];
        } else if (keptCount > 0) {
            block = next[blocks];
            unlink(block);
            Node node = nodes[block];
            nodes[block] = index.root();
            index.drop(node);
        } else {
            throw new IllegalStateException(
                    "all %d blocks of the cache are held".formatted(blocks));
        }
        holders[block] = 1;
        return block;
    }

    /// Hold a block that is held or kept already.
    void retain(int block) {
        if (holders[block]++ == 0) {
            unlink(block);
        }
    }

    /// Let go of a block; without holders it is kept if the index knows it, else free.
    void release(int block) {
        if (holders[block] < 1) {
            throw new IllegalStateException("block " + block + " is released, nobody holds it");
        }
        if (--holders[block] > 0) {
            return;
        }
        if (known(block)) {
            int last = previous[blocks];
            link(last, block);
            link(block, blocks);
            keptCount++;
        } else {
            free[freeCount++] = block;
        }
    }

    /// Tell the index that `block` holds the last tokens of `node`, unless another block does.
    void publish(int block, Node node) {
        if (node.block() == PrefixIndex.NONE) {
            index.put(node, block);
            nodes[block] = node;
        }
    }

    private boolean known(int block) {
        return nodes[block].block() == block; // the root has none
    }

    private void link(int a, int b) {
        next[a] = b;
        previous[b] = a;
    }

    private void unlink(int block) {
        link(previous[block], next[block]);
        keptCount--;
    }

    /// The bytes of `block` in each layer.
    MemorySegment[] bytes(int block) {
        MemorySegment[] bytes = new MemorySegment[pages.length];
        for (int layer = 0; layer < pages.length; layer++) {
            Tensor all = pages[layer];
            long size = all.size() * all.dtype().bytes() / blocks;
            bytes[layer] = all.segment().asSlice(all.offset() + block * size, size);
        }
        return bytes;
    }

    /// Copy all of `from` into `to`.
    void copy(int from, int to) {
        for (Tensor layer : pages) {
            layer.slice(to).copyFrom(layer.slice(from));
        }
    }

    /// Check that every block is in exactly one place and that index and pool agree.
    ///
    /// @throws IllegalStateException naming what does not
    void check() {
        int[] places = new int[blocks];
        for (int i = 0; i < freeCount; i++) {
            places[free[i]]++;
            expect(!known(free[i]), "free block %d has a prefix", free[i]);
        }
        int kept = 0;
        for (int b = next[blocks]; b != blocks; b = next[b]) {
            places[b]++;
            kept++;
            expect(known(b), "kept block %d has no prefix", b);
            expect(previous[next[b]] == b, "the ring is broken at block %d", b);
        }
        expect(kept == keptCount, "the ring has %d blocks", kept);
        int published = 0;
        for (int b = 0; b < blocks; b++) {
            int place = places[b] + (holders[b] > 0 ? 1 : 0);
            expect(place == 1 && holders[b] >= 0, "block %d is not in exactly one place", b);
            published += known(b) ? 1 : 0;
            expect(!known(b) || index.contains(nodes[b]), "the prefix of block %d is lost", b);
        }
        expect(published == index.blocks(), "%d blocks have a prefix", published);
        index.check();
    }

    private static void expect(boolean holds, String message, int number) {
        if (!holds) {
            throw new IllegalStateException(message.formatted(number));
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
