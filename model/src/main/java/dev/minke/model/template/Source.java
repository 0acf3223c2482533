package dev.minke.model.template;

/// The name and text of a template; says where an offset is.
///
/// @param name what messages call it, usually a file
/// @param text with `\n` as the only line break
record Source(String name, String text) {
    private static final int SHOWN = 200;

    /// Write a message with its place, as one line of bounded length.
    String message(int offset, String problem) {
        int at = Math.min(Math.max(offset, 0), text.length());
        int line = 1;
        int start = 0;
        for (int end = text.indexOf('\n'); end >= 0 && end < at; end = text.indexOf('\n', start)) {
            line++;
            start = end + 1;
        }
        return "%s: line %d, column %d: %s"
                .formatted(name, line, 1 + text.codePointCount(start, at), line(problem));
    }

    /// Put on one line what may have been written by a template.
    static String line(String message) {
        return message.replaceAll("[\\p{Cc}\\p{Zl}\\p{Zp}]+", " ");
    }

    int line(int offset) {
        int at = Math.min(Math.max(offset, 0), text.length());
        return 1 + (int) text.substring(0, at).chars().filter(c -> c == '\n').count();
    }

    int column(int offset) {
        int at = Math.min(Math.max(offset, 0), text.length());
        int start = text.lastIndexOf('\n', at - 1) + 1;
        return 1 + text.codePointCount(start, at);
    }

    /// Cut what comes from a template or its input, so that a message stays readable.
    static String shown(String text) {
        return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "...";
    }
}
