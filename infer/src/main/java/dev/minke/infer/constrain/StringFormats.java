package dev.minke.infer.constrain;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The values of the `format` keyword that can be generated, as patterns.
///
/// Each is a subset of what the format allows, wide enough for use: no leap seconds, offsets of at
/// most 14 hours, IPv6 in eight groups, addresses and names in ASCII.
final class StringFormats {
    private static final String MONTH_AND_DAY =
            "(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
                    + "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
                    + "|02-(?:0[1-9]|1[0-9]|2[0-8])";
    private static final String LEAP_YEAR =
            "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)";
    private static final String DATE =
            "(?:[0-9]{4}-(?:" + MONTH_AND_DAY + ")|" + LEAP_YEAR + "-02-29)";
    private static final String TIME =
            "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,9})?"
                    + "(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))";
    private static final String DURATION_TIME =
            "T(?:\\d{1,4}H(?:\\d{1,4}M(?:\\d{1,4}S)?)?|\\d{1,4}M(?:\\d{1,4}S)?|\\d{1,4}S)";
    private static final String DURATION =
            "P(?:(?:\\d{1,4}Y(?:\\d{1,4}M(?:\\d{1,4}D)?)?|\\d{1,4}M(?:\\d{1,4}D)?|\\d{1,4}D)(?:"
                    + DURATION_TIME
                    + ")?|"
                    + DURATION_TIME
                    + "|\\d{1,4}W)";
    private static final String BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
    private static final String LABEL = "[A-Za-z0-9]{1,20}(?:-[A-Za-z0-9]{1,20}){0,2}";
    private static final String NAME = "[A-Za-z](?:[A-Za-z0-9]{0,19})(?:-[A-Za-z0-9]{1,20}){0,2}";
    private static final String HOST = "(?:" + LABEL + "\\.){0,3}" + NAME;
    private static final String ATOM = "[A-Za-z0-9_+-]{1,20}";
    private static final String URI_CHARACTER = "(?:[A-Za-z0-9_.~!*'();:@&=+$,-]|%[0-9A-F]{2})";

    private static final Map<String, String> PATTERNS =
            Map.ofEntries(
                    Map.entry("date", DATE),
                    Map.entry("time", TIME),
                    Map.entry("date-time", DATE + "T" + TIME),
                    Map.entry("duration", DURATION),
                    Map.entry(
                            "uuid",
                            "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-"
                                    + "[0-9a-fA-F]{12}"),
                    Map.entry("ipv4", BYTE + "(?:\\." + BYTE + "){3}"),
                    Map.entry("ipv6", "[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{1,4}){7}"),
                    Map.entry("hostname", HOST),
                    Map.entry(
                            "email",
                            ATOM
                                    + "(?:\\."
                                    + ATOM
                                    + "){0,2}@(?:"
                                    + LABEL
                                    + "\\.){1,3}[A-Za-z]{2,12}"),
                    Map.entry(
                            "uri",
                            "https?://"
                                    + HOST
                                    + "(?::[1-9][0-9]{0,3})?(?:/"
                                    + URI_CHARACTER
                                    + "*)*(?:\\?"
                                    + URI_CHARACTER
                                    + "*)?(?:#"
                                    + URI_CHARACTER
                                    + "*)?"));

    private StringFormats() {}

    static String names() {
        return String.join(", ", PATTERNS.keySet().stream().sorted().toList());
    }

    /// Give the texts of a format, or null if it is not known.
    static @Nullable Expr of(String format) {
        String pattern = PATTERNS.get(format);
        return pattern == null ? null : RegexParser.whole("format " + format, pattern);
    }
}
