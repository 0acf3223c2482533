package dev.minke.model.template;

import java.time.Clock;

/// The state of one rendering: output, place, and what has been used up of the limits.
final class Rendering {
    private static final long PER_ELEMENT = 32;
    private static final long PER_OBJECT = 64;

    private final Source source;
    private final Clock clock;
    private final TemplateLimits limits;
    private final long mostBytes;
    private final long mostOutput;
    private long steps;
    private long bytes;
    private int depth;
    private int at;
    private StringBuilder out = new StringBuilder();

    /// @param characters the size of the input, which raises the limits
    Rendering(Source source, TemplateLimits limits, Clock clock, long characters) {
        this.source = source;
        this.clock = clock;
        this.limits = limits;
        this.steps = limits.steps() + limits.stepsPerCharacter() * characters;
        this.mostBytes = limits.bytes() + limits.bytesPerCharacter() * characters;
        this.mostOutput = limits.outputCharacters() + limits.outputPerCharacter() * characters;
        this.bytes = mostBytes;
    }

    Clock clock() {
        return clock;
    }

    /// Note where the construct is that is evaluated now.
    void at(int offset) {
        at = offset;
    }

    int at() {
        return at;
    }

    TemplateException fail(String problem) {
        return new TemplateException(source, at, problem, false);
    }

    TemplateException raise(String message) {
        return new TemplateException(source, at, message, true);
    }

    // Limits

    void step() {
        if (--steps < 0) {
            throw tooManySteps();
        }
    }

    /// Count a step that makes small objects, whether or not they are kept.
    void operation() {
        step();
        take(PER_OBJECT);
    }

    /// Count elements or characters that are visited.
    void steps(long count) {
        steps -= count;
        if (steps < 0) {
            throw tooManySteps();
        }
    }

    /// Count characters that are scanned in bulk.
    void scan(long characters) {
        steps(characters >> 4);
    }

    private TemplateException tooManySteps() {
        return fail("the template takes too many steps (a limit of this program)");
    }

    /// Count elements of containers before they are made.
    void grow(long elements) {
        take(elements > mostBytes ? mostBytes + 1 : elements * PER_ELEMENT);
    }

    /// Count characters of texts before they are made.
    void characters(long count) {
        take(count > mostBytes ? mostBytes + 1 : 3 * count + PER_OBJECT);
        scan(count);
    }

    /// Count bytes that are used in passing.
    void take(long amount) {
        bytes -= amount;
        if (bytes < 0) {
            throw fail(
                    "the template needs more than %d MiB of memory (a limit of this program)"
                            .formatted(mostBytes >> 20));
        }
    }

    /// Go into something that may contain itself.
    ///
    /// @param height how deep the tree is there
    void enter(int height) {
        depth += height;
        if (depth > limits.depth()) {
            throw fail("the template calls itself too deeply (a limit of this program)");
        }
    }

    void leave(int height) {
        depth -= height;
    }

    // Output

    void write(String text) {
        characters(text.length());
        if (out.length() + (long) text.length() > mostOutput) {
            throw fail(
                    "the output is longer than %d characters (a limit of this program)"
                            .formatted(mostOutput));
        }
        out.append(text);
    }

    /// Send the output elsewhere; gives what `captured` needs to send it back.
    StringBuilder capture() {
        StringBuilder outer = out;
        out = new StringBuilder();
        return outer;
    }

    /// End a capture and take what it caught.
    Text captured(StringBuilder outer) {
        Text text = text(out.toString());
        out = outer;
        return text;
    }

    String output() {
        return out.toString();
    }

    /// Make a text that counts.
    Text text(String string) {
        characters(string.length());
        return Text.of(string);
    }
}
