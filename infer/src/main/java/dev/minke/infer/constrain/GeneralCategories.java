package dev.minke.infer.constrain;

import java.util.Map;

/// The sets of code points that `\p{...}` names: Unicode's general categories.
final class GeneralCategories {
    private static final Map<String, Integer> TYPES =
            Map.ofEntries(
                    Map.entry("Lu", 1 << Character.UPPERCASE_LETTER),
                    Map.entry("Ll", 1 << Character.LOWERCASE_LETTER),
                    Map.entry("Lt", 1 << Character.TITLECASE_LETTER),
                    Map.entry("Lm", 1 << Character.MODIFIER_LETTER),
                    Map.entry("Lo", 1 << Character.OTHER_LETTER),
                    Map.entry("Mn", 1 << Character.NON_SPACING_MARK),
                    Map.entry("Me", 1 << Character.ENCLOSING_MARK),
                    Map.entry("Mc", 1 << Character.COMBINING_SPACING_MARK),
                    Map.entry("Nd", 1 << Character.DECIMAL_DIGIT_NUMBER),
                    Map.entry("Nl", 1 << Character.LETTER_NUMBER),
                    Map.entry("No", 1 << Character.OTHER_NUMBER),
                    Map.entry("Zs", 1 << Character.SPACE_SEPARATOR),
                    Map.entry("Zl", 1 << Character.LINE_SEPARATOR),
                    Map.entry("Zp", 1 << Character.PARAGRAPH_SEPARATOR),
                    Map.entry("Cc", 1 << Character.CONTROL),
                    Map.entry("Cf", 1 << Character.FORMAT),
                    Map.entry("Pd", 1 << Character.DASH_PUNCTUATION),
                    Map.entry("Ps", 1 << Character.START_PUNCTUATION),
                    Map.entry("Pe", 1 << Character.END_PUNCTUATION),
                    Map.entry("Pc", 1 << Character.CONNECTOR_PUNCTUATION),
                    Map.entry("Po", 1 << Character.OTHER_PUNCTUATION),
                    Map.entry("Pi", 1 << Character.INITIAL_QUOTE_PUNCTUATION),
                    Map.entry("Pf", 1 << Character.FINAL_QUOTE_PUNCTUATION),
                    Map.entry("Sm", 1 << Character.MATH_SYMBOL),
                    Map.entry("Sc", 1 << Character.CURRENCY_SYMBOL),
                    Map.entry("Sk", 1 << Character.MODIFIER_SYMBOL),
                    Map.entry("So", 1 << Character.OTHER_SYMBOL));

    private GeneralCategories() {}

    /// Collect a category, such as `Lu`, or a group of them, such as `L`.
    static CodePoints of(String name, Scanner in, int offset) {
        int wanted = 0;
        for (var type : TYPES.entrySet()) {
            if (type.getKey().equals(name) || type.getKey().substring(0, 1).equals(name)) {
                wanted |= type.getValue();
            }
        }
        if (wanted == 0 || name.equals("C")) {
            throw in.error(
                    offset,
                    "\\p{%s} is not supported; expected a general category such as L or Lu"
                            .formatted(name));
        }
        var ranges = new Ints();
        int from = -1;
        for (int c = 0; c <= CodePoints.LAST + 1; c++) {
            boolean inside = c <= CodePoints.LAST && (wanted >>> Character.getType(c) & 1) != 0;
            if (inside && from < 0) {
                from = c;
            } else if (!inside && from >= 0) {
                ranges.add(from);
                ranges.add(c - 1);
                from = -1;
            }
        }
        return CodePoints.ranges(ranges.toArray());
    }
}
