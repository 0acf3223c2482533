package dev.minke.model.template;

import java.time.Clock;
import java.util.HashMap;
import java.util.Map;

/// A chat template: turns messages into the text a model continues.
///
/// A subset of Jinja, rendered as transformers does: the immutable sandbox, `trim_blocks`,
/// `lstrip_blocks`, loop controls, `tojson` without escapes, `raise_exception`, `strftime_now`.
/// Nothing of Java can be reached from a template, and what it uses up is bounded.
///
/// Immutable and safe for use by several threads; parse once, render often.
public final class ChatTemplate {
    /// Stands for null (Python's None) in what a template is rendered with.
    public static final Object NONE = None.NONE;

    private static final int MOST_CHARACTERS = 1 << 18;

    private final Source source;
    private final String text;
    private final Body body;
    private final TemplateLimits limits;
    private final Clock clock;

    private ChatTemplate(
            Source source, String text, Body body, TemplateLimits limits, Clock clock) {
        this.source = source;
        this.text = text;
        this.body = body;
        this.limits = limits;
        this.clock = clock;
    }

    /// Parse a template.
    ///
    /// @param source what messages call it, usually a file
    /// @throws MalformedTemplate naming line, column and construct
    public static ChatTemplate parse(String source, String text) throws MalformedTemplate {
        if (text.length() > MOST_CHARACTERS) {
            throw new MalformedTemplate(
                    new Source(source, ""),
                    0,
                    "the template has %d characters; expected at most %d"
                            .formatted(text.length(), MOST_CHARACTERS));
        }
        var normalized = new Source(source, Lexer.normalize(text));
        return new ChatTemplate(
                normalized,
                text,
                Parser.parse(normalized),
                TemplateLimits.DEFAULT,
                Clock.systemDefaultZone());
    }

    /// Give the same template other limits.
    public ChatTemplate withLimits(TemplateLimits other) {
        return new ChatTemplate(source, text, body, other, clock);
    }

    /// Give the same template another clock for `strftime_now`; without one it is local time.
    public ChatTemplate withClock(Clock other) {
        return new ChatTemplate(source, text, body, limits, other);
    }

    /// What messages call the template.
    public String source() {
        return source.name();
    }

    /// The template itself.
    public String text() {
        return text;
    }

    /// Render a conversation.
    ///
    /// @throws TemplateException if the template fails on it or refuses it
    public String render(ChatInput input) {
        return render(input.variables());
    }

    /// Render with variables: strings, numbers, booleans, [#NONE], lists and maps of such.
    ///
    /// @throws TemplateException naming line and column if the template fails or refuses
    /// @throws IllegalArgumentException if the variables are nested too deeply
    public String render(Map<String, ?> variables) {
        var r = new Rendering(source, limits, clock, Conversion.characters(variables, 0));
        Map<String, Value> input = new HashMap<>();
        for (Map.Entry<String, ?> variable : variables.entrySet()) {
            input.put(variable.getKey(), Conversion.value(r, variable.getValue()));
        }
        r.enter(body.height());
        body.execute(new Scope(r, input));
        return r.output();
    }
}
