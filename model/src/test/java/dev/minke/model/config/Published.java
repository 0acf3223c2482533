package dev.minke.model.config;

import java.io.IOException;
import java.nio.charset.StandardCharsets;

/// Configurations with the published numbers of the family, from the test resources.
final class Published {
    static final String V2_LITE = "deepseek-v2-lite";
    static final String V2 = "deepseek-v2";
    static final String V3 = "deepseek-v3";
    static final String V3_1 = "deepseek-v3.1";
    static final String MOONLIGHT = "moonlight-16b-a3b";
    static final String KIMI_K2 = "kimi-k2";

    private Published() {}

    static String json(String model) throws IOException {
        try (var in = Published.class.getResourceAsStream("/config/" + model + ".json")) {
            if (in == null) {
                throw new IOException("no test resource config/" + model + ".json");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    static DeepSeekConfig config(String model) throws IOException {
        return DeepSeekConfig.parse(json(model), model);
    }
}
