package dev.minke.train.arith;

/// Fill the marks of a sentence with names, words and numbers.
///
///     {N} {M}               main person, second person
///     {He} {he} {him} {his} the pronouns of the main person, whatever the gender
///     {item} {items}        the noun in singular and plural
///     {place}               the place or thing
///     {a} {n} {r}           first number, number of the step, result of the step
///     {e}                   the equation of the step
///     {n:items}             the noun, singular for 1; likewise with a and r
///     {n:goes|go}           the first word for 1, else the second; likewise with a and r
final class Phrase {

    private Phrase() {}

    /// The numbers that one sentence may mention; those it does not mention may be anything.
    record Slots(int first, int number, int result, String equation) {}

    static String fill(String phrase, Cast cast, Slots slots) {
        var text = new StringBuilder();
        int from = 0;
        for (int open = phrase.indexOf('{'); open >= 0; open = phrase.indexOf('{', from)) {
            int close = phrase.indexOf('}', open);
            text.append(phrase, from, open);
            text.append(word(phrase.substring(open + 1, close), cast, slots));
            from = close + 1;
        }
        return text.append(phrase, from, phrase.length()).toString();
    }

    private static String word(String mark, Cast cast, Slots slots) {
        int colon = mark.indexOf(':');
        if (colon > 0) {
            int count = number(mark.substring(0, colon), slots);
            return agreeing(mark.substring(colon + 1), count, cast.noun());
        }
        return switch (mark) {
            case "N" -> cast.name();
            case "M" -> cast.other();
            case "He" -> cast.female() ? "She" : "He";
            case "he" -> cast.female() ? "she" : "he";
            case "him" -> cast.female() ? "her" : "him";
            case "His" -> cast.female() ? "Her" : "His";
            case "his" -> cast.female() ? "her" : "his";
            case "item" -> cast.noun().one();
            case "items" -> cast.noun().many();
            case "place" -> cast.place();
            case "e" -> slots.equation();
            default -> Integer.toString(number(mark, slots));
        };
    }

    private static String agreeing(String choice, int count, Noun noun) {
        if (choice.equals("items")) {
            return noun.counted(count);
        }
        int bar = choice.indexOf('|');
        return count == 1 ? choice.substring(0, bar) : choice.substring(bar + 1);
    }

    private static int number(String mark, Slots slots) {
        return switch (mark) {
            case "a" -> slots.first();
            case "n" -> slots.number();
            case "r" -> slots.result();
            default -> throw new IllegalArgumentException("phrase: unknown mark {" + mark + "}");
        };
    }
}
