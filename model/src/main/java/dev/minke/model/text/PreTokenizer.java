package dev.minke.model.text;

/// Cut text into the pieces within which byte pairs may merge.
///
/// The pieces, in order, cover the range without gaps. Implementations are immutable.
@FunctionalInterface
public interface PreTokenizer {

    /// Report the pieces of `text` from `start` to `end`, as if nothing stood outside that range.
    void split(String text, int start, int end, PieceSink sink);

    /// Receives pieces as ranges of the text, in order and never empty.
    @FunctionalInterface
    interface PieceSink {
        /// Take the piece from `start` inclusive to `end` exclusive.
        void piece(int start, int end);
    }
}
