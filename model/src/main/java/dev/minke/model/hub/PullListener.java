package dev.minke.model.hub;

import java.nio.file.Path;

/// Is told how a pull goes, by one thread at a time.
public interface PullListener {
    /// How far it is.
    ///
    /// @param bytes on disk, those of earlier attempts included
    /// @param totalBytes of all files
    /// @param files complete and verified
    /// @param totalFiles of the model
    /// @param bytesPerSecond over the last seconds
    /// @param verifying files whose hash is being computed
    record Progress(
            long bytes,
            long totalBytes,
            int files,
            int totalFiles,
            double bytesPerSecond,
            int verifying) {
        /// What remains at this rate; not a number while the rate is not known.
        public double etaSeconds() {
            return bytesPerSecond > 0 ? (totalBytes - bytes) / bytesPerSecond : Double.NaN;
        }
    }

    /// It begins.
    ///
    /// @param repository what the hub has
    /// @param folder where it goes
    /// @param files of the model
    /// @param bytes of them
    /// @param toFetch bytes that are not there yet
    default void planned(
            HubRepository repository, Path folder, int files, long bytes, long toFetch) {}

    /// Bytes have come, a few times in a second.
    default void progress(Progress progress) {}

    /// Something that a user should know: a retry, a restart, a slow way.
    default void note(String line) {}
}
