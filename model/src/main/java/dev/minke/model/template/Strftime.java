package dev.minke.model.template;

import java.time.LocalDateTime;
import java.time.format.TextStyle;
import java.time.temporal.ChronoField;
import java.time.temporal.IsoFields;
import java.util.Locale;

/// Write the time now by C's format codes, in English.
final class Strftime {
    private Strftime() {}

    static String format(Rendering r, String format) {
        LocalDateTime now = LocalDateTime.now(r.clock());
        var out = new TextBuilder(r);
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%' || i + 1 == format.length()) {
                out.append(c);
                continue;
            }
            char code = format.charAt(++i);
            char flag = 0;
            if ("-_0^#".indexOf(code) >= 0 && i + 1 < format.length()) {
                flag = code;
                code = format.charAt(++i);
            }
            out.append(flagged(field(r, now, code), flag));
        }
        return out.toString();
    }

    private static String flagged(String field, char flag) {
        return switch (flag) {
            case '-' -> field.replaceFirst("^[0 ]+(?=.)", "");
            case '_' -> {
                String bare = field.replaceFirst("^0+(?=.)", "");
                yield " ".repeat(field.length() - bare.length()) + bare;
            }
            case '0' -> field.replace(' ', '0');
            case '^' -> field.toUpperCase(Locale.ROOT);
            case '#' ->
                    field.equals("AM") || field.equals("PM")
                            ? field.toLowerCase(Locale.ROOT)
                            : field.toUpperCase(Locale.ROOT);
            default -> field;
        };
    }

    private static String field(Rendering r, LocalDateTime t, char code) {
        r.take(1024);
        int hour12 = t.get(ChronoField.CLOCK_HOUR_OF_AMPM);
        return switch (code) {
            case 'Y' -> String.valueOf(t.getYear());
            case 'C' -> two(t.getYear() / 100);
            case 'y' -> two(t.getYear() % 100);
            case 'm' -> two(t.getMonthValue());
            case 'd' -> two(t.getDayOfMonth());
            case 'e' -> "%2d".formatted(t.getDayOfMonth());
            case 'H' -> two(t.getHour());
            case 'I' -> two(hour12);
            case 'k' -> "%2d".formatted(t.getHour());
            case 'l' -> "%2d".formatted(hour12);
            case 'M' -> two(t.getMinute());
            case 'S' -> two(t.getSecond());
            case 'f' -> "%06d".formatted(t.getNano() / 1000);
            case 'j' -> "%03d".formatted(t.getDayOfYear());
            case 'p' -> t.getHour() < 12 ? "AM" : "PM";
            case 'P' -> t.getHour() < 12 ? "am" : "pm";
            case 'B' -> t.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
            case 'b', 'h' ->
                    t.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH).substring(0, 3);
            case 'A' -> t.getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
            case 'a' ->
                    t.getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.ENGLISH).substring(0, 3);
            case 'u' -> String.valueOf(t.getDayOfWeek().getValue());
            case 'w' -> String.valueOf(t.getDayOfWeek().getValue() % 7);
            case 'U' -> two((t.getDayOfYear() + 6 - t.getDayOfWeek().getValue() % 7) / 7);
            case 'W' -> two((t.getDayOfYear() + 7 - t.getDayOfWeek().getValue()) / 7);
            case 'V' -> two(t.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR));
            case 'G' -> String.valueOf(t.get(IsoFields.WEEK_BASED_YEAR));
            case 'F' -> parts(r, t, "Y-m-d");
            case 'T', 'X' -> parts(r, t, "H:M:S");
            case 'R' -> parts(r, t, "H:M");
            case 'D', 'x' -> parts(r, t, "m/d/y");
            case 'r' -> parts(r, t, "I:M:S p");
            case 'c' -> parts(r, t, "a b e H:M:S Y");
            case 'z', 'Z' -> ""; // the time is without a zone, as in transformers
            case 'n' -> "\n";
            case 't' -> "\t";
            case '%' -> "%";
            default -> throw r.fail("strftime_now does not know the code '%%%s'".formatted(code));
        };
    }

    private static String parts(Rendering r, LocalDateTime t, String codes) {
        var out = new StringBuilder();
        for (char c : codes.toCharArray()) {
            out.append(Character.isLetter(c) ? field(r, t, c) : String.valueOf(c));
        }
        return out.toString();
    }

    private static String two(int value) {
        return "%02d".formatted(value);
    }
}
