package dev.minke.cli;

import dev.minke.infer.Continuation;
import dev.minke.infer.TokenLogprobs;
import dev.minke.model.text.BpeTokenizer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Tokens and their log-probabilities as JSON.
final class TokenJson {
    /// What OpenAI's interface writes for a logarithm of next to nothing; JSON has no -Infinity.
    private static final double LEAST_LOGPROB = -9999;

    private final BpeTokenizer tokenizer;

    TokenJson(BpeTokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /// Id, text and bytes of the drawn token, and the log-probabilities if there are any.
    Map<String, Object> of(Continuation.Step step) {
        Map<String, Object> object = token(step.token());
        step.logprobs().ifPresent(l -> object.putAll(logprobs(l)));
        return object;
    }

    private Map<String, Object> token(int id) {
        byte[] bytes = tokenizer.bytes(id);
        int[] unsigned = new int[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            unsigned[i] = bytes[i] & 0xFF;
        }
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("id", id);
        object.put("token", new String(bytes, StandardCharsets.UTF_8));
        object.put("bytes", unsigned);
        return object;
    }

    private Map<String, Object> logprobs(TokenLogprobs logprobs) {
        List<Map<String, Object>> top = new ArrayList<>();
        for (TokenLogprobs.Entry entry : logprobs.top()) {
            Map<String, Object> object = token(entry.token());
            object.put("logprob", Math.max(entry.logprob(), LEAST_LOGPROB));
            top.add(object);
        }
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("logprob", Math.max(logprobs.logprob(), LEAST_LOGPROB));
        object.put("top_logprobs", top);
        return object;
    }
}
