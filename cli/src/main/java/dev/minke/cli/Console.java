package dev.minke.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import tools.jackson.databind.json.JsonMapper;

/// Where a command prints: results to standard output, all else to standard error.
///
/// Progress is one line that is rewritten on a terminal, and a plain line now and then elsewhere.
/// Safe for use by several threads.
final class Console {
    private static final long REDRAW_NANOS = 100_000_000L;
    private static final long PLAIN_NANOS = 10_000_000_000L;
    private static final int WIDTH = 79;
    private static final String CLEAR = "\r\033[K";

    private final PrintStream out;
    private final PrintStream err;
    private final boolean terminal;
    private final LongSupplier clock;
    private boolean live; // an unfinished line is on the terminal
    private boolean drawn;
    private long drawnAt;

    /// @param terminal whether `err` is a terminal
    /// @param clock nanoseconds, as from [System#nanoTime()]
    Console(PrintStream out, PrintStream err, boolean terminal, LongSupplier clock) {
        this.out = out;
        this.err = err;
        this.terminal = terminal;
        this.clock = clock;
    }

    /// The console of this process; the launcher says whether standard error is a terminal.
    static Console system() {
        return new Console(
                stream(FileDescriptor.out, "stdout.encoding"),
                stream(FileDescriptor.err, "stderr.encoding"),
                Boolean.getBoolean("minke.terminal") && !"dumb".equals(System.getenv("TERM")),
                System::nanoTime);
    }

    private static PrintStream stream(FileDescriptor descriptor, String encodingProperty) {
        Charset charset =
                Charset.forName(
                        System.getProperty(encodingProperty, "UTF-8"), StandardCharsets.UTF_8);
        if (charset.equals(StandardCharsets.US_ASCII)) {
            charset = StandardCharsets.UTF_8; // locale "C": bytes pass, question marks help nobody
        }
        return new PrintStream(new FileOutputStream(descriptor), false, charset);
    }

    /// Print a line of the result.
    synchronized void result(String line) {
        erase();
        out.println(line);
    }

    /// Print part of a result at once, such as a piece of generated text.
    synchronized void print(String text) {
        erase();
        out.print(text);
        out.flush();
    }

    /// Print a machine-readable result, one JSON object on one line.
    ///
    /// @param object keys to numbers, strings, booleans, lists or maps
    synchronized void json(Map<String, ?> object) {
        result(JsonMapper.shared().writeValueAsString(object));
    }

    /// Print a line that is not a result.
    synchronized void note(String line) {
        erase();
        err.println(line);
    }

    /// Print what went wrong.
    void error(String line) {
        note("minke: " + line);
    }

    /// Show how far a long work is; asks for the line only when it will be shown.
    synchronized void progress(Supplier<String> line) {
        long now = clock.getAsLong();
        if (drawn && now - drawnAt < (terminal ? REDRAW_NANOS : PLAIN_NANOS)) {
            return;
        }
        drawn = true;
        drawnAt = now;
        if (terminal) {
            String text = line.get();
            err.print(CLEAR + text.substring(0, Math.min(text.length(), WIDTH)));
            err.flush();
            live = true;
        } else {
            err.println(line.get());
        }
    }

    /// End a progress line with its last word, which is shown in any case.
    synchronized void endProgress(String line) {
        note(line);
        drawn = false;
    }

    /// Write out what is buffered.
    ///
    /// @return whether all of standard output could be written
    boolean flush() {
        err.flush();
        return !out.checkError();
    }

    /// Standard output, for text that is laid out by others.
    PrintWriter outWriter() {
        return new PrintWriter(out, true);
    }

    /// Standard error, for text that is laid out by others.
    PrintWriter errWriter() {
        return new PrintWriter(err, true);
    }

    private void erase() {
        if (live) {
            err.print(CLEAR);
            err.flush();
            live = false;
        }
    }
}
