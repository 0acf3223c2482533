package dev.minke.model.template;

/// Escape text for HTML, as markupsafe does.
final class Html {
    private Html() {}

    static Text escape(Rendering r, Text text) {
        if (text.safe()) {
            return text;
        }
        String string = text.string();
        r.scan(string.length());
        var out = new TextBuilder(r);
        int from = 0;
        for (int i = 0; i < string.length(); i++) {
            String entity = entity(string.charAt(i));
            if (!entity.isEmpty()) {
                out.append(string, from, i).append(entity);
                from = i + 1;
            }
        }
        return new Text(out.append(string, from, string.length()).toString(), true);
    }

    private static String entity(char c) {
        return switch (c) {
            case '&' -> "&amp;";
            case '<' -> "&lt;";
            case '>' -> "&gt;";
            case '"' -> "&#34;";
            case '\'' -> "&#39;";
            default -> "";
        };
    }
}
