package dev.minke.model.checkpoint;

import java.io.IOException;
import java.io.Serial;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.core.TokenStreamLocation;

/// A checkpoint file that breaks its format or does not fit its model.
///
/// The message is one line: file, place in it, what was expected, what was found.
public final class MalformedCheckpoint extends IOException {
    @Serial private static final long serialVersionUID = 1L;

    private static final int SHOWN = 200;

    private final String file;
    private final String where;

    /// Say what is wrong.
    ///
    /// @param file the file or folder
    /// @param where byte offset, tensor name or both
    /// @param expected what would fit
    /// @param found what is there
    public MalformedCheckpoint(Path file, String where, String expected, String found) {
        super(
                "%s: %s: expected %s, found %s"
                        .formatted(file, line(where), line(expected), line(found)));
        this.file = file.toString();
        this.where = where;
    }

    /// Say where JSON stopped making sense, `start` bytes into the file.
    static MalformedCheckpoint notJson(Path file, long start, JacksonException cause) {
        TokenStreamLocation at = cause.getLocation();
        // a limit that is reached has no location
        long offset = at == null ? 0 : Math.max(0, at.getByteOffset());
        return new MalformedCheckpoint(
                file, "byte " + (start + offset), "JSON", cause.getOriginalMessage());
    }

    /// The file or folder.
    public String file() {
        return file;
    }

    /// Byte offset, tensor name or both.
    public String where() {
        return where;
    }

    /// Names come from the file; keep them from breaking the line or flooding it.
    private static String line(String text) {
        String shown = text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "...";
        // controls, marks of direction, half characters; separators of lines and paragraphs
        return shown.replaceAll("[\\p{C}\\p{Zl}\\p{Zp}]", "?");
    }
}
