package dev.minke.model.config;

import java.util.List;
import java.util.OptionalInt;

/// Keys of config.json that other programs read and that change nothing in the function.
///
/// @param bosTokenId first token of a text, empty where the tokenizer decides
/// @param eosTokenId tokens that end a text, none where the tokenizer decides
/// @param initializerRange standard deviation of fresh weights; not the value of the reports
/// @param torchDtype type of the unquantized weights, such as `bfloat16`
public record HubConfig(
        OptionalInt bosTokenId,
        List<Integer> eosTokenId,
        double initializerRange,
        String torchDtype) {

    /// @throws IllegalArgumentException naming the key out of range
    public HubConfig {
        eosTokenId = List.copyOf(eosTokenId);
        Checks.notNegative("initializer_range", initializerRange);
        bosTokenId.ifPresent(id -> Checks.range("bos_token_id", id, 0, Integer.MAX_VALUE));
        eosTokenId.forEach(id -> Checks.range("eos_token_id", id, 0, Integer.MAX_VALUE));
    }

    /// What a new model is written with: bos 0, eos 1, range 0.02, bfloat16.
    public static HubConfig standard() {
        return new HubConfig(OptionalInt.of(0), List.of(1), 0.02, "bfloat16");
    }
}
