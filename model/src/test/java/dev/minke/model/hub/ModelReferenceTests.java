package dev.minke.model.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelReferenceTests {
    @ParameterizedTest
    @CsvSource({
        "acme/m, acme/m, main, ''",
        "acme/m:Q4_K_M, acme/m, main, Q4_K_M",
        "acme/m@v1.2, acme/m, v1.2, ''",
        "acme/m@refs/pr/3:Q8_0, acme/m, refs/pr/3, Q8_0",
        "gpt2, gpt2, main, ''",
        "https://huggingface.co/acme/m/, acme/m, main, ''",
        "hf.co/acme/m:Q4_0, acme/m, main, Q4_0"
    })
    void namesHaveRepositoryRevisionAndQuantisation(
            String text, String repository, String revision, String quantisation) {
        assertThat(ModelReference.parse(text))
                .isEqualTo(
                        new ModelReference(
                                repository,
                                revision,
                                quantisation.isEmpty()
                                        ? Optional.empty()
                                        : Optional.of(quantisation)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "a/b/c",
                "../b",
                "a/..",
                "/a/b",
                "a b/c",
                "acme/m:",
                "acme/m@",
                "acme/m@a/../b",
                "acme/m@/x",
                "acme/m@a//b",
                "acme\\m",
                "acme/m.",
                "acme/-m",
                "https://evil/acme/m"
            })
    void otherNamesAreRefused(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ModelReference.parse(text))
                .withMessageContaining(", expected ");
    }

    @Test
    void foldersOfRevisionsAreApart() {
        assertThat(ModelReference.parse("acme/m").folder()).isEqualTo("acme/m");
        assertThat(ModelReference.parse("acme/m@refs/pr/1:Q8_0").folder())
                .isEqualTo("acme/m@refs+pr+1");
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0 B",
        "1023, 1023 B",
        "1024, 1.0 KiB",
        "1048524, 1023.9 KiB",
        "1048575, 1.0 MiB",
        "688573046784, 641.3 GiB"
    })
    void sizesHaveUnits(long bytes, String text) {
        assertThat(ByteCount.text(bytes)).isEqualTo(text);
    }
}
