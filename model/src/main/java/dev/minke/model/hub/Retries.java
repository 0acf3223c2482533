package dev.minke.model.hub;

import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Counts failures in a row of one piece of work, and waits after each.
final class Retries {
    /// Waits; a test notes what was asked instead.
    @FunctionalInterface
    interface Pause {
        /// Wait that long, or less if `stop` falls to zero.
        ///
        /// @return whether it did
        boolean take(Duration pause, CountDownLatch stop) throws InterruptedException;
    }

    private final String what;
    private final Backoff backoff;
    private final int attempts;
    private final Pause pause;
    private final CountDownLatch stop;
    private final Consumer<String> notes;
    private int failures;

    /// @param what names the work in messages
    /// @param attempts tries in a row, at most those of `backoff`
    /// @param stop ends a pause early, and the work with it
    /// @param notes is told of every failure that is tried again
    Retries(
            String what,
            Backoff backoff,
            int attempts,
            Pause pause,
            CountDownLatch stop,
            Consumer<String> notes) {
        this.what = what;
        this.backoff = backoff;
        this.attempts = Math.min(attempts, backoff.attempts());
        this.pause = pause;
        this.stop = stop;
        this.notes = notes;
    }

    /// Begin to count anew: something was achieved.
    void progress() {
        failures = 0;
    }

    /// Wait after a failure.
    ///
    /// @throws IOException `e` if trying again cannot help, or one that names the work if it was
    ///   tried often enough
    void after(IOException e) throws IOException {
        if (isFinal(e)) {
            throw e;
        }
        if (isUntrusted(e)) { // a wrong certificate stays wrong
            throw new HubException(
                    "%s: the server's certificate is not trusted (%s); behind a company's proxy, trust its certificate with MINKE_JAVA_OPTS=-Djavax.net.ssl.trustStore=FILE"
                            .formatted(what, reason(e)),
                    e);
        }
        failures++;
        Duration asked = e instanceof TransientFailure t ? t.askedWait() : Duration.ZERO;
        if (asked.compareTo(backoff.longestAsked()) > 0) {
            throw new HubException(
                    "%s: %s, and asks to wait %d s; try again then"
                            .formatted(what, reason(e), asked.toSeconds()),
                    e);
        }
        if (failures >= attempts) {
            throw new HubException(
                    "%s: %s; gave up after %d attempts, the same command goes on from here"
                            .formatted(what, reason(e), failures),
                    e);
        }
        Duration wait = jittered(backoff.pause(failures));
        if (asked.compareTo(wait) > 0) {
            wait = asked;
        }
        if (failures > 1 || wait.toSeconds() >= 1) {
            notes.accept(
                    "%s: %s; trying again in %.1f s"
                            .formatted(what, reason(e), wait.toMillis() / 1000.0));
        }
        try {
            if (pause.take(wait, stop)) {
                throw new InterruptedIOException("stopped");
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw interrupted(interrupted);
        }
    }

    static InterruptedIOException interrupted(InterruptedException cause) {
        InterruptedIOException e = new InterruptedIOException("interrupted");
        e.initCause(cause);
        return e;
    }

    /// Clients that fail together shall not come back together.
    private static Duration jittered(Duration pause) {
        long millis = pause.toMillis();
        return Duration.ofMillis(millis / 2 + ThreadLocalRandom.current().nextLong(millis / 2 + 1));
    }

    private static boolean isFinal(IOException e) {
        return e instanceof HubException
                || e instanceof DiskFailure
                || e instanceof InterruptedIOException && !(e instanceof SocketTimeoutException);
    }

    private static boolean isUntrusted(IOException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof CertificateException) {
                return true;
            }
        }
        return false;
    }

    /// What the JDK's HTTP client leaves unsaid, said.
    static String reason(IOException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnresolvedAddressException) {
                return "the host's name has no address (no network, or a proxy is needed)";
            }
            if (cause instanceof HttpConnectTimeoutException) {
                return "no connection in time";
            }
            if (cause instanceof HttpTimeoutException) {
                return "no answer in time";
            }
            if (cause instanceof EOFException) {
                return "the connection was cut";
            }
        }
        if (e instanceof ConnectException) {
            return "no connection (" + said(e.getMessage(), e) + ")";
        }
        return said(e.getMessage(), e);
    }

    private static String said(@Nullable String message, IOException e) {
        return message == null || message.isBlank() ? e.getClass().getSimpleName() : message;
    }
}
