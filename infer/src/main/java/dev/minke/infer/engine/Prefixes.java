package dev.minke.infer.engine;

import dev.minke.infer.engine.PrefixIndex.Node;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Which blocks of a sequence are there already, in memory or on disk, and who hears of those that
/// it computes.
///
/// A block is known by its tokens, by all before them and, where bits matter, by the forms that
/// computed them.
final class Prefixes {
    private static final int BLOCK = CacheLayout.BLOCK;

    private final EngineConfig config;
    private final BlockPool pool;
    private final PrefixIndex index;
    private final Optional<PrefixStore> store;
    private final List<Node> fresh = new ArrayList<>();
    private long reusedTokens;
    private long loadedTokens;

    /// What [#find] found.
    ///
    /// @param blocks of the beginning of a text that need not be computed
    /// @param inMemory of these
    /// @param kept of those in memory that nobody holds
    record Found(int blocks, int inMemory, int kept) {}

    Prefixes(EngineConfig config, BlockPool pool, Optional<PrefixStore> store) {
        this.config = config;
        this.pool = pool;
        this.index = pool.index();
        this.store = config.prefixReuse() == PrefixReuse.OFF ? Optional.empty() : store;
        this.store.ifPresent(s -> index.root().name(s.root()));
    }

    private boolean off() {
        return config.prefixReuse() == PrefixReuse.OFF;
    }

    /// Tokens that were taken from the cache instead of being computed.
    long reusedTokens() {
        return reusedTokens;
    }

    /// Of these, tokens read from disk.
    long loadedTokens() {
        return loadedTokens;
    }

    /// Blocks are told apart by the form that computed them, where bits matter.
    private int kind(Job job, int block) {
        boolean expanded = (block + 1) * BLOCK <= job.expandedEnd;
        return config.prefixReuse() == PrefixReuse.EXACT && expanded ? 1 : 0;
    }

    /// Blocks that `sequence` may take from others: its last token is computed in any case, for its
    /// logits.
    private int most(Sequence sequence) {
        return off() ? 0 : (sequence.length - 1) / BLOCK;
    }

    // ---------------------------------------------------------------- at admission

    /// Look for the beginning of `sequence`, which has nothing yet: its table lists what is there,
    /// nothing is held.
    Found find(Sequence sequence) {
        Node node = index.root();
        PrefixKey key = PrefixKey.NONE;
        boolean inTree = true; // else `key` stands for the node that is not there
        int inMemory = 0;
        int kept = 0;
        int blocks = 0;
        while (blocks < most(sequence)) {
            int kind = kind(sequence.job, blocks);
            int from = blocks * BLOCK;
            Node next = inTree ? index.find(node, kind, sequence.tokens, from) : index.root();
            int block = next.block();
            if (block == PrefixIndex.NONE) {
                if (store.isEmpty()) {
                    break;
                }
                key = (inTree ? index.key(node) : key).child(kind, sequence.tokens, from);
                if (!store.get().has(key)) {
                    break;
                }
            } else {
                inMemory++;
                kept += pool.holders(block) == 0 ? 1 : 0;
            }
            inTree = next != index.root();
            node = next;
            sequence.addBlock(block);
            blocks++;
        }
        sequence.blockCount = 0;
        return new Found(blocks, inMemory, kept);
    }

    /// Give `sequence` the blocks that [#find] has just found; those on disk are read into blocks
    /// of the pool, which must have as many.
    ///
    /// @return false if a file was not what it should be; nothing is held then, and the file gone
    boolean take(Sequence sequence, Found found) {
        int[] blocks = sequence.blocks;
        for (int i = 0; i < found.blocks; i++) {
            if (blocks[i] != PrefixIndex.NONE) {
                pool.retain(blocks[i]); // what is loaded must not push it out
            }
        }
        Node node = index.root();
        for (int i = 0; i < found.blocks; i++) {
            int kind = kind(sequence.job, i);
            int from = i * BLOCK;
            if (blocks[i] == PrefixIndex.NONE) {
                PrefixKey key = index.key(node).child(kind, sequence.tokens, from);
                int block = pool.take();
                if (!store.orElseThrow().load(key, block)) {
                    pool.release(block);
                    release(blocks, found.blocks);
                    return false;
                }
                blocks[i] = block;
                pool.publish(block, index.findOrAdd(node, kind, sequence.tokens, from));
                loadedTokens += BLOCK;
            }
            node = index.find(node, kind, sequence.tokens, from);
            save(node);
        }
        sequence.blockCount = found.blocks;
        sequence.computed = found.blocks * BLOCK;
        sequence.published = found.blocks;
        reusedTokens += sequence.computed;
        move(sequence, node);
        return true;
    }

    private void release(int[] blocks, int count) {
        for (int i = count - 1; i >= 0; i--) {
            if (blocks[i] != PrefixIndex.NONE) {
                pool.release(blocks[i]);
            }
        }
    }

    // ---------------------------------------------------------------- while others compute

    /// The block that `sequence` would compute next, if somebody has computed it by now.
    ///
    /// @return [PrefixIndex#NONE] if nobody has, or the sequence has begun to compute it
    int ready(Sequence sequence) {
        return starts(sequence) ? next(sequence).block() : PrefixIndex.NONE;
    }

    /// Give `sequence` its next block, which is [#ready].
    void follow(Sequence sequence) {
        Node node = next(sequence);
        pool.retain(node.block());
        sequence.addBlock(node.block());
        sequence.computed += BLOCK;
        sequence.published++;
        reusedTokens += BLOCK;
        move(sequence, node);
    }

    private boolean starts(Sequence sequence) {
        return sequence.published < most(sequence)
                && sequence.blockCount == sequence.published
                && sequence.computed == sequence.published * BLOCK;
    }

    private Node next(Sequence sequence) {
        int i = sequence.published;
        return index.find(sequence.prefix, kind(sequence.job, i), sequence.tokens, i * BLOCK);
    }

    /// Whether `first` computes next what `second` would compute next.
    boolean same(Sequence first, Sequence second) {
        int i = first.published;
        int from = i * BLOCK;
        int to = from + BLOCK;
        return starts(second)
                && second.published == i
                && second.prefix == first.prefix
                && first.length >= to
                && kind(first.job, i) == kind(second.job, i)
                && Arrays.equals(first.tokens, from, to, second.tokens, from, to);
    }

    // ---------------------------------------------------------------- after a step

    /// Let others know the full blocks that `sequence` has computed.
    void publish(Sequence sequence) {
        while ((sequence.published + 1) * BLOCK <= sequence.computed) {
            int i = sequence.published++;
            if (off()) {
                continue;
            }
            int kind = kind(sequence.job, i);
            Node node = index.findOrAdd(sequence.prefix, kind, sequence.tokens, i * BLOCK);
            pool.publish(sequence.blocks[i], node);
            move(sequence, node);
            if (store.isPresent() && serves(sequence.job, i)) {
                fresh.add(node);
            }
        }
    }

    /// Whether later prompts may find the block: where bits matter, that of a text which was
    /// generated is in another form than prompts are.
    private boolean serves(Job job, int block) {
        return config.prefixReuse() == PrefixReuse.ANY
                || config.expandedSpan() == 0
                || block < job.fullPromptBlocks();
    }

    /// Hand the blocks that were published since to the store, before any block is taken again:
    /// what follows a step, such as guesses, may still add to them.
    void save() {
        for (Node node : fresh) {
            save(node);
        }
        fresh.clear();
    }

    private void save(Node node) {
        if (store.isPresent() && node.block() != PrefixIndex.NONE) {
            store.get().save(index.key(node), node.block());
        }
    }

    /// Let `sequence` end in `to`.
    void move(Sequence sequence, Node to) {
        Node from = sequence.prefix;
        if (to != index.root()) {
            index.hold(to);
        }
        sequence.prefix = to;
        if (from != index.root()) {
            index.release(from);
        }
    }

    /// Let `sequence` end nowhere.
    void leave(Sequence sequence) {
        if (store.isPresent()) {
            for (Node node = sequence.prefix; node != index.root(); node = node.parent()) {
                if (node.hasKey()) {
                    store.get().touch(index.key(node));
                }
            }
        }
        move(sequence, index.root());
    }
}
