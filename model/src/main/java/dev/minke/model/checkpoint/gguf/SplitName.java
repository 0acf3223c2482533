package dev.minke.model.checkpoint.gguf;

import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The name of a part of a split model, `<prefix>-00001-of-00003.gguf`.
///
/// @param folder what the part is resolved against, by way of any of its siblings
/// @param prefix the start of the name, with no folder
/// @param part which part, from 1
/// @param count how many parts there are
record SplitName(Path folder, String prefix, int part, int count) {
    static final String NUMBER = "split.no";
    static final String COUNT = "split.count";
    static final String TENSORS = "split.tensors.count";

    /// Five digits.
    static final int MAX_COUNT = 99_999;

    private static final Pattern PART = Pattern.compile("(.+)-(\\d{5})-of-(\\d{5})\\.gguf");
    private static final String SUFFIX = ".gguf";

    static Optional<SplitName> of(Path file) {
        Path name = file.getFileName();
        Matcher matcher = PART.matcher(name == null ? "" : name.toString());
        return matcher.matches()
                ? Optional.of(
                        new SplitName(
                                file,
                                matcher.group(1),
                                Integer.parseInt(matcher.group(2)),
                                Integer.parseInt(matcher.group(3))))
                : Optional.empty();
    }

    /// The first part of what would have been `file`, which loses its `.gguf`.
    static SplitName first(Path file, int count) {
        Path name = file.getFileName();
        String text = name == null ? "" : name.toString();
        return new SplitName(
                file,
                text.endsWith(SUFFIX) ? text.substring(0, text.length() - SUFFIX.length()) : text,
                1,
                count);
    }

    /// Where another part of the same model lies.
    Path sibling(int other) {
        return folder.resolveSibling("%s-%05d-of-%05d.gguf".formatted(prefix, other, count));
    }
}
