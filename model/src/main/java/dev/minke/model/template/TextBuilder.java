package dev.minke.model.template;

/// A text that grows within the limits of a rendering.
final class TextBuilder {
    private final Rendering r;
    private final StringBuilder text = new StringBuilder();

    TextBuilder(Rendering r) {
        this.r = r;
    }

    Rendering rendering() {
        return r;
    }

    TextBuilder append(String string) {
        r.characters(string.length());
        text.append(string);
        return this;
    }

    TextBuilder append(String string, int from, int to) {
        r.characters(to - (long) from);
        text.append(string, from, to);
        return this;
    }

    TextBuilder append(char c) {
        r.step();
        text.append(c);
        return this;
    }

    TextBuilder appendCodePoint(int c) {
        r.step();
        text.appendCodePoint(c);
        return this;
    }

    TextBuilder repeat(String string, long count) {
        if (count > 0 && !string.isEmpty()) {
            r.characters(count > Integer.MAX_VALUE ? Long.MAX_VALUE : count * string.length());
            text.repeat(string, (int) count);
        }
        return this;
    }

    int length() {
        return text.length();
    }

    Text toText() {
        return Text.of(toString());
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
