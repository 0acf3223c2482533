package dev.minke.model.template;

/// A floating-point number.
record Real(double value) implements Value {
    @Override
    public String type() {
        return "float";
    }

    @Override
    public boolean truth() {
        return value != 0;
    }
}
