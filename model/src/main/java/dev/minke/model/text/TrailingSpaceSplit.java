package dev.minke.model.text;

/// Isolate white space before the end of a line or of the range: DeepSeek-V2's `\s+$`.
final class TrailingSpaceSplit implements PreTokenizer {
    /// The only pattern of this kind.
    static final String PATTERN = "\\s+$";

    private static final CodePointClass SPACE = new CodePointClass(OnigurumaPattern.compile("\\s"));

    @Override
    public void split(String text, int start, int end, PieceSink sink) {
        int from = start;
        int at = start;
        while (at < end) {
            if (!SPACE.contains(text.charAt(at))) {
                at++;
                continue;
            }
            int first = at;
            int last = -1; // where the match ends: as late as the run of spaces allows
            while (at < end && SPACE.contains(text.charAt(at))) {
                if (text.charAt(at) == '\n' && at > first) {
                    last = at;
                }
                at++;
            }
            if (at == end) {
                last = end;
            }
            if (last >= 0) {
                if (from < first) {
                    sink.piece(from, first);
                }
                sink.piece(first, last);
                from = last;
            }
        }
        if (from < end) {
            sink.piece(from, end);
        }
    }
}
