package dev.minke.infer.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.minke.infer.engine.PrefixIndex.Node;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.deepseek.SmallModels;
import dev.minke.tensor.Backends;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

class BlockPoolTests {
    private static final CacheLayout LAYOUT = CacheLayout.of(SmallModels.v3(), CacheType.F32);

    private static BlockPool pool(int blocks) {
        return new BlockPool(LAYOUT, blocks * LAYOUT.blockBytes(), 3);
    }

    private static int[] text(int blocks) {
        return SmallModels.tokens(64 * blocks, 40, 1);
    }

    /// Take a block and publish it as the continuation of `parent`.
    private static Node publish(BlockPool pool, Node parent, int[] tokens, int from) {
        Node node = pool.index().findOrAdd(parent, 0, tokens, from);
        pool.publish(pool.take(), node);
        pool.check();
        return node;
    }

    @Test
    void aTokenTakesWhatTheSpecificationSays() {
        assertThat(LAYOUT.blockBytes()).isEqualTo(4L * 64 * 3 * (10 + 4));
        DeepSeekConfig qwen = SmallModels.qwen2();
        CacheLayout grouped = CacheLayout.of(qwen, CacheType.BF16);
        assertThat(grouped.blockBytes()).isEqualTo(2L * 64 * 2 * qwen.attention().cacheElements());
        assertThat(grouped.keyWidth()).isEqualTo(6);
        CacheLayout eight = CacheLayout.of(SmallModels.v3(), CacheType.Q8);
        assertThat(eight.blockBytes()).isEqualTo(64L * 3 * (10 + 4 + 4 * 2));
        try (BlockPool pool = new BlockPool(LAYOUT, 3 * LAYOUT.blockBytes() - 1, 3)) {
            assertThat(pool.size()).isEqualTo(2);
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new BlockPool(LAYOUT, 10751, 3))
                .withMessage("the cache may take 10751 bytes, one block of 64 tokens takes 10752");
    }

    @Test
    void blocksAreCountedAndComeBack() {
        try (BlockPool pool = pool(3)) {
            int a = pool.take();
            int b = pool.take();
            pool.retain(a);
            pool.release(a);
            assertThat(pool.holders(a)).isEqualTo(1);
            assertThat(pool.available()).isEqualTo(1);
            pool.release(a);
            pool.release(b);
            pool.check();
            assertThat(pool.available()).isEqualTo(3);
            for (int i = 0; i < 3; i++) {
                pool.take();
            }
            assertThatIllegalStateException()
                    .isThrownBy(pool::take)
                    .withMessage("all 3 blocks of the cache are held");
            pool.release(a);
            assertThatIllegalStateException()
                    .isThrownBy(() -> pool.release(a))
                    .withMessage("block %d is released, nobody holds it".formatted(a));
        }
    }

    @Test
    void theBlockUnusedForLongestGoesFirst() {
        try (BlockPool pool = pool(3)) {
            int[] text = text(3);
            Node root = pool.index().root();
            Node[] nodes = new Node[3];
            for (int i = 0; i < 3; i++) {
                nodes[i] = publish(pool, root, text, 64 * i);
            }
            for (int i = 0; i < 3; i++) {
                pool.release(nodes[i].block());
            }
            assertThat(pool.kept()).isEqualTo(3);
            int again = nodes[0].block();
            pool.retain(again);
            pool.release(again); // used a moment ago
            int second = nodes[1].block();
            assertThat(pool.take()).isEqualTo(second);
            pool.check();
            assertThat(pool.index().find(root, 0, text, 64)).isSameAs(root);
            assertThat(pool.index().find(root, 0, text, 0).block()).isEqualTo(again);
            assertThat(pool.index().size()).isEqualTo(2);
        }
    }

    @Test
    void aPrefixIsFoundByItsTokensFormAndAncestors() {
        try (BlockPool pool = pool(4)) {
            PrefixIndex index = pool.index();
            int[] text = text(2);
            Node first = publish(pool, index.root(), text, 0);
            Node second = publish(pool, first, text, 64);
            assertThat(index.find(first, 0, text.clone(), 64)).isSameAs(second);
            assertThat(index.find(first, 1, text, 64)).isSameAs(index.root());
            assertThat(index.find(index.root(), 0, text, 64)).isSameAs(index.root());
            for (int i = 0; i < 64; i++) {
                int[] other = text.clone();
                other[64 + i] ^= 1;
                assertThat(index.find(first, 0, other, 64)).isSameAs(index.root());
            }
            // the first to compute a prefix serves it, another block of the same is not known
            int copy = pool.take();
            pool.publish(copy, index.findOrAdd(first, 0, text, 64));
            assertThat(second.block()).isNotEqualTo(copy);
            pool.release(copy);
            pool.check();
            assertThat(pool.kept()).isZero();
        }
    }

    @Test
    void descendantsAreFoundAgainWhenALostAncestorComesBack() {
        try (BlockPool pool = pool(2)) {
            PrefixIndex index = pool.index();
            int[] text = text(2);
            Node first = publish(pool, index.root(), text, 0);
            Node second = publish(pool, first, text, 64);
            pool.release(first.block());
            int taken = pool.take(); // the first block goes to somebody else
            pool.check();
            assertThat(first.block()).isEqualTo(PrefixIndex.NONE);
            assertThat(index.find(index.root(), 0, text, 0)).isSameAs(first);
            pool.publish(taken, first);
            assertThat(index.find(first, 0, text, 64)).isSameAs(second);
            pool.release(second.block());
            pool.release(first.block());
            assertThat(pool.take()).isNotEqualTo(taken);
            assertThat(pool.take()).isEqualTo(taken);
            pool.check();
            assertThat(index.size()).isZero();
        }
    }

    @Test
    void aHeldPrefixOutlivesItsBlock() {
        try (BlockPool pool = pool(1)) {
            PrefixIndex index = pool.index();
            Node node = publish(pool, index.root(), text(1), 0);
            index.hold(node);
            pool.release(node.block());
            pool.take();
            pool.check();
            assertThat(index.size()).isEqualTo(1);
            index.release(node);
            assertThat(index.size()).isZero();
            pool.check();
        }
    }

    @Test
    void copiesKeepTheirPlaces() {
        try (Team team = new Team(1);
                Arena arena = Arena.ofConfined()) {
            Kernels kernels = Backends.open(team, "reference");
            Tensor x = Tensor.copyOf(arena, new float[] {127, -2, 0.5f, 8, 1, 64}, 1, 6);
            Tensor back = Tensor.zeros(arena, 1, 6);
            for (CacheType type : CacheType.values()) {
                CacheLayout layout = CacheLayout.of(SmallModels.qwen2(), type);
                try (BlockPool pool = new BlockPool(layout, 3 * layout.blockBytes(), 3)) {
                    Tensor cell = Tensor.copyOf(arena, new int[] {2 * 64 + 63}, 1);
                    kernels.storePages(x, pool.pages(1), pool.row(), 1, 6, cell);
                    pool.copy(2, 0);
                    cell.setInt(0, 63);
                    kernels.loadPages(pool.pages(1), pool.row(), 1, 6, cell, back);
                    float[] expected = x.toFloats();
                    if (type == CacheType.Q8) {
                        expected[2] = 0; // half a unit, to even
                    }
                    assertThat(back.toFloats()).containsExactly(expected);
                    assertThat(pool.bytes(0)[1].mismatch(pool.bytes(2)[1])).isEqualTo(-1);
                    assertThat(pool.bytes(0)[0].mismatch(pool.bytes(1)[0])).isEqualTo(-1);
                    assertThat(pool.bytes(0)[1].mismatch(pool.bytes(1)[1])).isNotNegative();
                }
            }
        }
    }
}
