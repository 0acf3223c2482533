package dev.minke.train.arith;

import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Read final answers as GSM8K does: the number behind the first `####` that is followed by one.
public final class ArithAnswer {

    // Commas group thousands; a dollar sign and an empty fraction are forgiven.
    private static final Pattern FINAL =
            Pattern.compile("####[ \\t]*(-?)[ \\t]*\\$?[ \\t]*(\\d[\\d,]*)((?:\\.\\d+)?)");

    private static final Pattern EMPTY_FRACTION = Pattern.compile("(?:\\.0+)?");

    private ArithAnswer() {}

    /// Find the final answer, or nothing where there is none, it is no integer or exceeds an int.
    public static OptionalInt extract(String completion) {
        var match = FINAL.matcher(completion);
        if (!match.find()) {
            return OptionalInt.empty();
        }
        if (!EMPTY_FRACTION.matcher(group(completion, match, 3)).matches()) {
            return OptionalInt.empty();
        }
        var digits = group(completion, match, 2).replace(",", "");
        try {
            return OptionalInt.of(Integer.parseInt(group(completion, match, 1) + digits));
        } catch (NumberFormatException _) {
            return OptionalInt.empty();
        }
    }

    private static String group(String completion, Matcher match, int group) {
        return completion.substring(match.start(group), match.end(group));
    }
}
