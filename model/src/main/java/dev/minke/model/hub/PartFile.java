package dev.minke.model.hub;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import dev.minke.model.hub.Spans.Span;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A file that is being fetched: `NAME.part`, and `NAME.part-log`, which says what of it is there.
///
/// The log begins with size and identity of the content; each further line is a span, written after
/// the bytes of the span were forced to disk. So whatever stops the process or the machine, a span
/// in the log is in the file. Safe for use by several threads.
final class PartFile implements AutoCloseable {
    static final String SUFFIX = ".part";
    static final String LOG_SUFFIX = ".part-log";

    private static final long MOST_LOG_BYTES = 16 << 20;
    private static final Pattern LINE = Pattern.compile("(\\d{1,18}) (\\d{1,18})");
    private static final int READ_BYTES = 1 << 20;

    private final Path target;
    private final long size;
    private final FileChannel data;
    private final FileChannel log;
    private final Spans spans;

    private PartFile(Path target, long size, FileChannel data, FileChannel log, Spans spans) {
        this.target = target;
        this.size = size;
        this.data = data;
        this.log = log;
        this.spans = spans;
    }

    /// What an earlier attempt left.
    ///
    /// @param spans what can be kept
    /// @param outdated whether it was of another content, and so is worth nothing
    record Left(Spans spans, boolean outdated) {}

    /// Look what there is of a file, without changing it.
    ///
    /// @param identity what its content is known by
    static Left look(Path target, long size, String identity) throws IOException {
        Path dataPath = beside(target, SUFFIX);
        Path logPath = beside(target, LOG_SUFFIX);
        if (!FileNames.isFile(dataPath) || !FileNames.isFile(logPath)) {
            return new Left(new Spans(), false);
        }
        if (Files.size(logPath) > MOST_LOG_BYTES) {
            return new Left(new Spans(), true);
        }
        String log = Files.readString(logPath, StandardCharsets.ISO_8859_1);
        if (!log.startsWith(header(size, identity))) {
            return new Left(new Spans(), true);
        }
        long length = Math.min(size, Files.size(dataPath));
        Spans spans = new Spans();
        // what follows the last line end was not written whole
        log.substring(0, log.lastIndexOf('\n'))
                .lines()
                .skip(1)
                .map(LINE::matcher)
                .filter(Matcher::matches)
                .forEach(line -> {
                    long from = Long.parseLong(line.group(1));
                    long to = Math.min(length, Long.parseLong(line.group(2)));
                    if (from < to) {
                        spans.add(new Span(from, to));
                    }
                });
        return new Left(spans, false);
    }

    /// Go on with what there is, or begin.
    static PartFile open(Path target, long size, String identity) throws IOException {
        Left left = look(target, size, identity);
        Path dataPath = beside(target, SUFFIX);
        Path logPath = beside(target, LOG_SUFFIX);
        try {
            if (left.spans().bytes() == 0) {
                Files.deleteIfExists(logPath);
                Files.deleteIfExists(dataPath);
            }
            FileChannel data = FileChannel.open(dataPath, CREATE, READ, WRITE, NOFOLLOW_LINKS);
            try {
                FileChannel log = FileChannel.open(logPath, CREATE, APPEND, NOFOLLOW_LINKS);
                PartFile part = new PartFile(target, size, data, log, left.spans());
                if (left.spans().bytes() == 0) {
                    part.append(header(size, identity));
                } else {
                    part.append("\n"); // ends a line that was cut
                }
                return part;
            } catch (IOException e) {
                data.close();
                throw e;
            }
        } catch (IOException e) {
            throw failed("write", target, e);
        }
    }

    private static String header(long size, String identity) {
        return "minke-part 1 %d %s\n".formatted(size, identity);
    }

    private static Path beside(Path target, String suffix) {
        return target.resolveSibling(target.getFileName() + suffix);
    }

    /// Write all of `bytes` at a place of the file.
    void write(ByteBuffer bytes, long at) throws DiskFailure {
        try {
            long position = at;
            while (bytes.hasRemaining()) {
                position += data.write(bytes, position);
            }
        } catch (IOException e) {
            throw failed("write", target, e);
        }
    }

    /// Note that a span was written.
    void finished(Span span) throws DiskFailure {
        if (span.length() == 0) {
            return;
        }
        try {
            data.force(false);
            synchronized (this) {
                append("%d %d\n".formatted(span.from(), span.to()));
                spans.add(span);
            }
        } catch (IOException e) {
            throw failed("write", target, e);
        }
    }

    private void append(String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
        while (bytes.hasRemaining()) {
            log.write(bytes);
        }
    }

    synchronized boolean complete() {
        return spans.bytes() == size;
    }

    synchronized List<Span> missing(long most) {
        return spans.missing(size, most);
    }

    /// Read the file back and hash it.
    ///
    /// @param goesOn asked now and then
    FileHash hash(FileHash expected, BooleanSupplier goesOn) throws DiskFailure {
        try {
            return hash(data, size, expected, goesOn);
        } catch (IOException e) {
            throw failed("read", target, e);
        }
    }

    /// Hash a file that is there already.
    static FileHash hash(Path file, FileHash expected) throws IOException {
        try (FileChannel channel = FileChannel.open(file, READ, NOFOLLOW_LINKS)) {
            return hash(channel, channel.size(), expected, () -> true);
        }
    }

    private static FileHash hash(
            FileChannel channel, long size, FileHash expected, BooleanSupplier goesOn)
            throws IOException {
        MessageDigest digest = expected.begin(size);
        ByteBuffer buffer = ByteBuffer.allocate((int) Math.max(1, Math.min(READ_BYTES, size)));
        for (long at = 0; at < size; ) {
            buffer.clear();
            int n = channel.read(buffer, at);
            if (n < 0 || !goesOn.getAsBoolean()) {
                throw new IOException("the file ends at byte %d of %d".formatted(at, size));
            }
            buffer.flip();
            digest.update(buffer);
            at += n;
        }
        return expected.of(digest);
    }

    /// Give the file its name; the part and its log are gone then.
    void commit() throws DiskFailure {
        try {
            if (data.size() > size) {
                data.truncate(size);
            }
            data.force(true);
            close();
            Files.move(
                    beside(target, SUFFIX),
                    target,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
            Files.deleteIfExists(beside(target, LOG_SUFFIX));
        } catch (IOException e) {
            throw failed("write", target, e);
        }
    }

    /// Forget what was fetched.
    void discard() throws DiskFailure {
        try {
            close();
            delete(target);
        } catch (IOException e) {
            throw failed("delete the parts of", target, e);
        }
    }

    /// Delete what an attempt at this file left.
    static void delete(Path target) throws IOException {
        Files.deleteIfExists(beside(target, LOG_SUFFIX));
        Files.deleteIfExists(beside(target, SUFFIX));
    }

    @Override
    public void close() throws IOException {
        try (data) {
            log.close();
        }
    }

    private static DiskFailure failed(String verb, Path target, IOException e) {
        String reason =
                e instanceof FileSystemException f && f.getReason() != null
                        ? f.getReason()
                        : Retries.reason(e);
        return new DiskFailure("cannot %s %s: %s".formatted(verb, target, reason), e);
    }
}
