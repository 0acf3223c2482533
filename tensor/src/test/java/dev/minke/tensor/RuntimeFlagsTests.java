package dev.minke.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RuntimeFlagsTests {
    private static final String[] NAMES = {"minke.backend", "minke.threads", "minke.vectorBits"};

    private final String[] before = new String[NAMES.length];

    @BeforeEach
    void remember() {
        for (int i = 0; i < NAMES.length; i++) {
            before[i] = System.getProperty(NAMES[i]);
        }
    }

    @AfterEach
    void restore() {
        for (int i = 0; i < NAMES.length; i++) {
            if (before[i] == null) {
                System.clearProperty(NAMES[i]);
            } else {
                System.setProperty(NAMES[i], before[i]);
            }
        }
    }

    @Test
    void propertiesAreStrippedAndRead() {
        System.setProperty("minke.backend", " reference ");
        System.setProperty("minke.threads", "3");
        System.setProperty("minke.vectorBits", "256");
        assertThat(RuntimeFlags.backend()).hasValue("reference");
        assertThat(RuntimeFlags.threads()).isEqualTo(3);
        assertThat(RuntimeFlags.vectorBits()).hasValue(256);
        try (Team team = new Team(1)) {
            assertThat(Backends.open(team).describe()).contains("reference");
        }
    }

    @Test
    void anUnknownBackEndIsAnErrorNotAFallback() {
        System.setProperty("minke.backend", "abacus");
        try (Team team = new Team(1)) {
            assertThatThrownBy(() -> Backends.open(team))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("abacus");
        }
    }

    @Test
    void numbersMustBePositive() {
        for (String wrong : new String[] {"0", "-2", "two", "1.5", "99999999999"}) {
            System.setProperty("minke.threads", wrong);
            assertThatThrownBy(RuntimeFlags::threads)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "minke.threads is '" + wrong + "', expected a positive whole number");
        }
    }
}
