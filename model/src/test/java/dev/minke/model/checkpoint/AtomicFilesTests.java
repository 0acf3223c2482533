package dev.minke.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFilesTests {
    @TempDir private Path folder;

    @Test
    void writesAndReplacesAFile() throws IOException {
        Path file = folder.resolve("state.json");
        AtomicFiles.writeString(file, "one");
        assertThat(file).hasContent("one");
        AtomicFiles.write(file, channel -> channel.write(ByteBuffer.wrap(new byte[] {'2'})));
        assertThat(file).hasContent("2");
        assertThat(Samples.listing(folder)).containsExactly("state.json");
    }

    @Test
    void leavesTheOldFileWhenWritingFails() throws IOException {
        Path file = folder.resolve("state.json");
        AtomicFiles.writeString(file, "old");
        assertThatThrownBy(() ->
                        AtomicFiles.write(
                                file,
                                channel -> {
                                    channel.write(ByteBuffer.wrap(new byte[100]));
                                    throw new IOException("No space left on device");
                                }))
                .isInstanceOf(IOException.class)
                .hasMessage("cannot write " + file + ": No space left on device");
        assertThatThrownBy(() ->
                        AtomicFiles.write(
                                file,
                                _ -> {
                                    throw new IllegalStateException("a bug");
                                }))
                .isInstanceOf(IllegalStateException.class);
        assertThat(file).hasContent("old");
        assertThat(Samples.listing(folder)).containsExactly("state.json");
    }

    @Test
    void namesTheTargetWhoseFolderIsMissing() {
        Path file = folder.resolve("none/state.json");
        assertThatThrownBy(() -> AtomicFiles.writeString(file, "x"))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("cannot write " + file + ": no such folder or file ");
    }

    @Test
    void keepsTheLineOfABrokenSource() {
        Path file = folder.resolve("state.json");
        MalformedCheckpoint broken = new MalformedCheckpoint(file, "byte 0", "a", "b");
        assertThatThrownBy(() ->
                        AtomicFiles.write(
                                file,
                                _ -> {
                                    throw broken;
                                }))
                .isSameAs(broken);
    }

    @Test
    void makesAndReplacesAFolder() throws IOException {
        Path target = folder.resolve("snapshot");
        AtomicFiles.replaceDirectory(target, inside -> fill(inside, "one"));
        assertThat(target.resolve("deep/file")).hasContent("one");
        AtomicFiles.replaceDirectory(
                target, inside -> Files.writeString(inside.resolve("other"), "two"));
        assertThat(Samples.listing(target)).containsExactly("other");
        assertThat(Samples.listing(folder)).containsExactly("snapshot");
    }

    @Test
    void leavesTheOldFolderWhenFillingFails() throws IOException {
        Path target = folder.resolve("snapshot");
        AtomicFiles.replaceDirectory(target, inside -> fill(inside, "one"));
        assertThatThrownBy(() ->
                        AtomicFiles.replaceDirectory(
                                target,
                                inside -> {
                                    fill(inside, "two");
                                    throw new IOException("No space left on device");
                                }))
                .hasMessage("cannot write " + target + ": No space left on device");
        assertThat(target.resolve("deep/file")).hasContent("one");
        assertThat(Samples.listing(folder)).containsExactly("snapshot");
    }

    @Test
    void recoversTheOldFolderAfterAStopBetweenTheTwoRenames() throws IOException {
        Path target = folder.resolve("snapshot");
        fill(Files.createDirectory(folder.resolve("snapshot.old-1")), "old");
        fill(Files.createDirectory(folder.resolve("snapshot.tmp-1")), "new");
        Files.createDirectory(folder.resolve("snapshot-2"));
        AtomicFiles.recover(target);
        assertThat(target.resolve("deep/file")).hasContent("old");
        assertThat(Samples.listing(folder)).containsExactly("snapshot", "snapshot-2");
    }

    @Test
    void recoversNothingOverAFinishedFolder() throws IOException {
        Path target = folder.resolve("snapshot");
        fill(Files.createDirectory(target), "new");
        fill(Files.createDirectory(folder.resolve("snapshot.old-1")), "old");
        AtomicFiles.recover(target);
        assertThat(target.resolve("deep/file")).hasContent("new");
        assertThat(Samples.listing(folder)).containsExactly("snapshot");
    }

    private static void fill(Path inside, String text) throws IOException {
        Files.createDirectory(inside.resolve("deep"));
        Files.writeString(inside.resolve("deep/file"), text);
    }
}
