package dev.minke.model.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What a chat template is rendered with, under the names that transformers gives it.
///
/// @param messages maps with `role`, `content` and whatever else a template reads
/// @param tools JSON schemas of functions; an empty list reaches the template as none
/// @param addGenerationPrompt whether the text ends where the assistant is to begin
/// @param specialTokens `bos_token`, `eos_token` and so on, of those that there are
/// @param extra further variables such as `thinking`; they go before all others
public record ChatInput(
        List<? extends Map<String, ?>> messages,
        List<? extends Map<String, ?>> tools,
        boolean addGenerationPrompt,
        Map<String, String> specialTokens,
        Map<String, ?> extra) {

    /// Copy the lists.
    public ChatInput {
        messages = List.copyOf(messages);
        tools = List.copyOf(tools);
        specialTokens = Map.copyOf(specialTokens);
        extra = Collections.unmodifiableMap(new LinkedHashMap<>(extra));
    }

    /// A conversation that the assistant goes on with, without tools and special tokens.
    public static ChatInput of(List<? extends Map<String, ?>> messages) {
        return new ChatInput(messages, List.of(), true, Map.of(), Map.of());
    }

    /// A message of text.
    public static Map<String, Object> message(String role, String content) {
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("role", role);
        message.put("content", content);
        return message;
    }

    /// Add a message of text at the end.
    public ChatInput withMessage(String role, String content) {
        List<Map<String, ?>> more = new ArrayList<>(messages);
        more.add(message(role, content));
        return new ChatInput(more, tools, addGenerationPrompt, specialTokens, extra);
    }

    /// Offer tools.
    public ChatInput withTools(List<? extends Map<String, ?>> other) {
        return new ChatInput(messages, other, addGenerationPrompt, specialTokens, extra);
    }

    /// Say whether the text ends where the assistant is to begin.
    public ChatInput withGenerationPrompt(boolean add) {
        return new ChatInput(messages, tools, add, specialTokens, extra);
    }

    /// Name the special tokens.
    public ChatInput withSpecialTokens(Map<String, String> other) {
        return new ChatInput(messages, tools, addGenerationPrompt, other, extra);
    }

    /// Name the tokens that begin and end a text; "" for one that there is not.
    public ChatInput withTokens(String bos, String eos) {
        Map<String, String> tokens = new LinkedHashMap<>(specialTokens);
        if (!bos.isEmpty()) {
            tokens.put("bos_token", bos);
        }
        if (!eos.isEmpty()) {
            tokens.put("eos_token", eos);
        }
        return withSpecialTokens(tokens);
    }

    /// Set a further variable, such as `thinking`.
    public ChatInput withVariable(String name, Object value) {
        Map<String, Object> more = new LinkedHashMap<>(extra);
        more.put(name, value);
        return new ChatInput(messages, tools, addGenerationPrompt, specialTokens, more);
    }

    /// The variables of the template.
    public Map<String, Object> variables() {
        Map<String, Object> variables = new LinkedHashMap<>();
        variables.put("messages", messages);
        variables.put("tools", tools.isEmpty() ? ChatTemplate.NONE : tools);
        variables.put("documents", ChatTemplate.NONE);
        variables.put("add_generation_prompt", addGenerationPrompt);
        variables.putAll(specialTokens);
        variables.putAll(extra);
        return variables;
    }
}
