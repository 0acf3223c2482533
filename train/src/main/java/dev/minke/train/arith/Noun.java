package dev.minke.train.arith;

/// A countable noun in singular and plural.
record Noun(String one, String many) {

    String counted(int count) {
        return count == 1 ? one : many;
    }
}
