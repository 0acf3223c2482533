package dev.minke.model.template;

/// A string.
///
/// @param safe whether it is markup: what is added to it is escaped, as Python's Markup does
record Text(String string, boolean safe) implements Value {
    static final Text EMPTY = new Text("", false);

    static Text of(String string) {
        return string.isEmpty() ? EMPTY : new Text(string, false);
    }

    @Override
    public String type() {
        return safe ? "Markup" : "str";
    }

    @Override
    public boolean truth() {
        return !string.isEmpty();
    }
}
