package dev.minke.cli;

import dev.minke.infer.Continuation;
import dev.minke.infer.FinishReason;
import dev.minke.infer.StopRule;
import dev.minke.model.text.BpeTokenizer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/// Prints what `generate` writes, as it is drawn: text, or a line of JSON for every token.
///
/// One choice is printed as it grows. The text of several is printed choice after choice, each when
/// those before it are complete; lines of JSON name their choice.
final class GeneratedText {
    private final Console console;
    private final boolean json;
    private final TokenJson tokens;
    private final String prompt;
    private final List<StringBuilder> held = new ArrayList<>();
    private final boolean[] ended;
    private int shown; // choices before it are complete on the console

    /// @param json lines of JSON instead of text
    /// @param prompt the text before the choices, part of what is printed
    GeneratedText(
            Console console, boolean json, BpeTokenizer tokenizer, String prompt, int choices) {
        this.console = console;
        this.json = json;
        this.tokens = new TokenJson(tokenizer);
        this.prompt = prompt;
        this.ended = new boolean[choices];
        for (int i = 0; i < choices; i++) {
            held.add(new StringBuilder());
        }
        if (!json) {
            head(0);
        }
    }

    private boolean several() {
        return ended.length > 1;
    }

    private void head(int choice) {
        if (several()) {
            console.result("--- %d of %d".formatted(choice + 1, ended.length));
        }
        console.print(prompt);
    }

    /// A token was drawn.
    void step(int choice, Continuation.Step step) {
        if (json) {
            Map<String, Object> line = line(choice, step.text());
            line.putAll(tokens.of(step));
            console.json(line);
            return;
        }
        text(choice, step.text());
        if (step.logprobs().isPresent()) {
            Map<String, Object> line =
                    several() ? line(choice, step.text()) : new LinkedHashMap<>();
            line.putAll(tokens.of(step));
            console.note(JsonMapper.shared().writeValueAsString(line));
        }
    }

    private Map<String, Object> line(int choice, String text) {
        Map<String, Object> line = new LinkedHashMap<>();
        if (several()) {
            line.put("index", choice);
        }
        line.put("text", text);
        return line;
    }

    private void text(int choice, String text) {
        if (choice == shown) {
            console.print(text);
        } else {
            held.get(choice).append(text);
        }
    }

    /// A choice is complete with `rest`.
    void end(int choice, String rest) {
        ended[choice] = true;
        if (json) {
            if (!rest.isEmpty()) {
                console.json(line(choice, rest));
            }
            return;
        }
        text(choice, rest);
        while (shown < ended.length && ended[shown]) {
            console.print("\n");
            shown++;
            if (shown < ended.length) {
                head(shown);
                console.print(held.get(shown).toString());
            }
        }
    }

    /// Print what it came to.
    ///
    /// @param rules of the choices, all of which have ended
    void report(List<StopRule> rules, int promptTokens, double seconds) {
        int count = rules.stream().mapToInt(StopRule::count).sum();
        if (!json) {
            console.note("%d tokens, %.1f tokens/s".formatted(count, count / seconds));
            return;
        }
        Map<String, Object> result = new LinkedHashMap<>();
        if (several()) {
            List<Map<String, Object>> choices = new ArrayList<>();
            for (int i = 0; i < rules.size(); i++) {
                Map<String, Object> choice = new LinkedHashMap<>();
                choice.put("index", i);
                choice.putAll(ending(rules.get(i)));
                choice.put("completion_tokens", rules.get(i).count());
                choices.add(choice);
            }
            result.put("choices", choices);
        } else {
            result.putAll(ending(rules.getFirst()));
        }
        result.put("prompt_tokens", promptTokens);
        result.put("completion_tokens", count);
        result.put("tokens_per_second", count / seconds);
        console.json(result);
    }

    private static Map<String, Object> ending(StopRule rule) {
        Map<String, Object> object = new LinkedHashMap<>();
        FinishReason reason = rule.finish().orElseThrow();
        object.put("finish_reason", reason.name().toLowerCase(Locale.ROOT));
        rule.stopString().ifPresent(s -> object.put("stop", s));
        return object;
    }
}
