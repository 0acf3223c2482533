package dev.minke.infer.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.minke.model.deepseek.SmallModels;
import dev.minke.tensor.Rng;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class PrefixStoreTests {
    private static final CacheLayout LAYOUT = CacheLayout.of(SmallModels.v3(), CacheType.F32);
    private static final PrefixKey ROOT = new PrefixKey.Hash().add("a model").key();
    private static final int[] TEXT = SmallModels.tokens(64 * 12, 40, 1);
    private static final long FILE = 8 + 64 + 12 + 4 * 3 + 4 + LAYOUT.blockBytes();

    @TempDir private Path folder;
    private final BlockPool pool = new BlockPool(LAYOUT, 4 * LAYOUT.blockBytes(), 3);

    @AfterEach
    void close() {
        pool.close();
    }

    private PrefixStore open(PrefixKey root, long bytes) {
        return PrefixStore.open(new PrefixDisk(folder, bytes), root, pool).orElseThrow();
    }

    private PrefixStore open() {
        return open(ROOT, 1 << 20);
    }

    /// The prefix of the first `blocks` blocks.
    private static PrefixKey key(int blocks) {
        PrefixKey key = ROOT;
        for (int i = 0; i < blocks; i++) {
            key = key.child(0, TEXT, 64 * i);
        }
        return key;
    }

    private void fill(int block, long seed) {
        Rng rng = new Rng(seed);
        for (MemorySegment layer : pool.bytes(block)) {
            for (long i = 0; i < layer.byteSize(); i++) {
                layer.set(ValueLayout.JAVA_BYTE, i, (byte) rng.nextInt(256));
            }
        }
    }

    private boolean equal(int a, int b) {
        MemorySegment[] left = pool.bytes(a);
        MemorySegment[] right = pool.bytes(b);
        boolean equal = true;
        for (int layer = 0; layer < left.length; layer++) {
            equal &= left[layer].mismatch(right[layer]) < 0;
        }
        return equal;
    }

    private void save(PrefixStore store, int blocks) throws InterruptedException {
        fill(0, blocks);
        store.save(key(blocks), 0);
        store.flush();
    }

    private List<String> names() throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(p -> p.getFileName().toString()).sorted().toList();
        }
    }

    private Path file(int blocks) {
        return folder.resolve(key(blocks).name() + ".kv");
    }

    @Test
    void keysDependOnEverythingBefore() {
        assertThat(key(2)).isNotEqualTo(ROOT.child(0, TEXT, 64));
        assertThat(key(1)).isNotEqualTo(ROOT.child(1, TEXT, 0));
        assertThat(key(1)).isEqualTo(ROOT.child(0, TEXT.clone(), 0));
        assertThat(PrefixKey.parse(key(3).name())).isEqualTo(key(3));
        PrefixKey other = new PrefixKey.Hash().add("another model").key();
        assertThat(other.child(0, TEXT, 0)).isNotEqualTo(key(1));
    }

    @Test
    void whatIsSavedIsThereForTheNextStore() throws Exception {
        try (PrefixStore store = open()) {
            assertThat(store.has(key(1))).isFalse();
            assertThat(store.load(key(1), 1)).isFalse();
            save(store, 1);
            save(store, 2);
            assertThat(Files.size(file(1))).isEqualTo(FILE);
            assertThat(store.bytes()).isEqualTo(2 * FILE);
            assertThat(store.load(key(2), 1)).isTrue();
            assertThat(equal(0, 1)).isTrue();
        }
        try (PrefixStore store = open()) {
            assertThat(store.size()).isEqualTo(2);
            assertThat(store.bytes()).isEqualTo(2 * FILE);
            fill(0, 1);
            assertThat(store.load(key(1), 2)).isTrue();
            assertThat(equal(0, 2)).isTrue();
            assertThat(store.has(key(3))).isFalse();
        }
    }

    @Test
    void closingWritesWhatWaits() throws IOException {
        try (PrefixStore store = open()) {
            fill(0, 1);
            for (int i = 1; i <= 12; i++) {
                store.save(key(i), 0);
                store.save(key(i), 0);
            }
        }
        assertThat(names()).hasSize(12 + 1);
    }

    @Test
    void aDamagedFileIsDeletedAndNeverUsed() throws Exception {
        byte[] good;
        try (PrefixStore store = open()) {
            save(store, 1);
            good = Files.readAllBytes(file(1));
        }
        int header = (int) (FILE - LAYOUT.blockBytes());
        Rng rng = new Rng(4);
        for (int trial = 0; trial < 30; trial++) {
            byte[] bad = good.clone();
            int at = 5 * trial;
            at = at < header ? at : header + rng.nextInt(good.length - header);
            bad[at] ^= (byte) (1 << rng.nextInt(8));
            refused(bad);
        }
        refused(new byte[0]);
        refused(Arrays.copyOf(good, good.length - 1));
        refused(Arrays.copyOf(good, good.length + 1));
        refused(new byte[good.length]);
        Files.write(file(1), good);
        try (PrefixStore store = open()) {
            assertThat(store.load(key(1), 1)).isTrue();
        }
    }

    private void refused(byte[] bytes) throws IOException {
        Files.write(file(1), bytes);
        try (PrefixStore store = open()) {
            assertThat(store.has(key(1))).isTrue();
            assertThat(store.load(key(1), 1)).isFalse();
            assertThat(store.size()).isZero();
            assertThat(store.bytes()).isZero();
        }
        assertThat(file(1)).doesNotExist();
    }

    @Test
    void aBlockUnderTheNameOfAnotherIsRefused() throws Exception {
        try (PrefixStore store = open()) {
            save(store, 1);
            save(store, 2);
        }
        Files.move(file(1), file(2), StandardCopyOption.REPLACE_EXISTING);
        try (PrefixStore store = open()) {
            assertThat(store.load(key(2), 1)).isFalse();
        }
        try (PrefixStore store = open()) {
            save(store, 2);
        }
        PrefixKey other = new PrefixKey.Hash().add("another model").key();
        try (PrefixStore store = open(other, 1 << 20)) {
            assertThat(store.size()).isEqualTo(1);
            assertThat(store.load(key(2), 1)).isFalse();
        }
    }

    @Test
    void theFilesUnusedForLongestGoFirstAlsoAfterARestart() throws Exception {
        try (PrefixStore store = open(ROOT, 3 * FILE)) {
            for (int i = 1; i <= 3; i++) {
                save(store, i);
            }
            store.touch(key(1));
            save(store, 4);
            assertThat(store.has(key(2))).isFalse();
            assertThat(file(2)).doesNotExist();
            assertThat(store.bytes()).isEqualTo(3 * FILE);
            store.touch(key(3));
        }
        try (PrefixStore store = open(ROOT, 3 * FILE)) {
            // 4, 1 and 3 were used in this order
            save(store, 5);
            assertThat(List.of(file(1), file(3), file(5))).allMatch(Files::exists);
            assertThat(file(4)).doesNotExist();
        }
        try (PrefixStore store = open(ROOT, 2 * FILE + 1)) {
            assertThat(store.size()).isEqualTo(2);
            assertThat(file(1)).doesNotExist();
        }
    }

    @Test
    void oneStoreAtATimeHasAFolder() throws Exception {
        PrefixDisk disk = new PrefixDisk(folder, 1 << 20);
        try (PrefixStore first = open()) {
            assertThat(PrefixStore.open(disk, ROOT, pool)).isEmpty();
            save(first, 1);
        }
        try (PrefixStore second = open()) {
            assertThat(second.load(key(1), 1)).isTrue();
        }
    }

    @Test
    void whatAStoppedProcessLeftIsRemovedAndFilesOfOthersStay() throws Exception {
        Files.writeString(folder.resolve(key(1).name() + ".kv.tmp-1"), "half");
        Files.writeString(folder.resolve("notes.kv"), "mine");
        Files.writeString(folder.resolve("notes.txt"), "mine");
        Files.createDirectory(file(2));
        try (PrefixStore store = open(ROOT, FILE)) {
            assertThat(store.size()).isZero();
            save(store, 1);
        }
        assertThat(names())
                .containsExactlyInAnyOrder(
                        "lock",
                        "notes.kv",
                        "notes.txt",
                        file(1).getFileName().toString(),
                        file(2).getFileName().toString());
    }

    @Test
    void aFolderThatCannotBeUsedIsRefusedInOneLine() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThatExceptionOfType(UncheckedIOException.class)
                .isThrownBy(() -> PrefixStore.open(new PrefixDisk(file, 1 << 20), ROOT, pool))
                .withMessageStartingWith("cannot use the prefix folder " + file + ": ");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> open(ROOT, FILE - 1))
                .withMessage(
                        "the prefix folder may take %d bytes, one block of 64 tokens takes %d"
                                .formatted(FILE - 1, FILE));
        open().close(); // the lock is free
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new PrefixDisk(folder, -1))
                .withMessage("bytes of the prefix folder are -1, expected 0 or more");
    }

    @Test
    void aDiskThatTakesNothingMoreIsLeftAlone() throws Exception {
        Path gone = folder.resolve("inner");
        PrefixStore store =
                PrefixStore.open(new PrefixDisk(gone, 1 << 20), ROOT, pool).orElseThrow();
        try (store) {
            save(store, 1);
            try (Stream<Path> all = Files.list(gone)) {
                for (Path path : all.toList()) {
                    Files.delete(path);
                }
            }
            Files.delete(gone);
            save(store, 2); // fails
            save(store, 3); // is not tried
            assertThat(store.load(key(1), 1)).isFalse();
            assertThat(store.size()).isZero();
        }
    }
}
