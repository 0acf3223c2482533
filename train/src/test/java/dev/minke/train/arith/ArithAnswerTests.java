package dev.minke.train.arith;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ArithAnswerTests {

    @Test
    void readsTheNumberBehindTheMark() {
        assertThat(ArithAnswer.extract("Mia has 4 + 5 = 9 apples.\n#### 9")).hasValue(9);
    }

    @Test
    void forgivesSpacesCommasAndSigns() {
        assertThat(ArithAnswer.extract("####73")).hasValue(73);
        assertThat(ArithAnswer.extract("#### \t 1,234 \n")).hasValue(1234);
        assertThat(ArithAnswer.extract("#### -5")).hasValue(-5);
        assertThat(ArithAnswer.extract("#### $40.00.")).hasValue(40);
        assertThat(ArithAnswer.extract("#### 73. Then more")).hasValue(73);
    }

    @Test
    void takesTheFirstMarkThatHasANumber() {
        assertThat(ArithAnswer.extract("#### 12\n#### 13")).hasValue(12);
        assertThat(ArithAnswer.extract("#### none\n#### 13")).hasValue(13);
    }

    @Test
    void findsNothingWhereThereIsNoInteger() {
        assertThat(ArithAnswer.extract("")).isEmpty();
        assertThat(ArithAnswer.extract("The answer is 12.")).isEmpty();
        assertThat(ArithAnswer.extract("### 12")).isEmpty();
        assertThat(ArithAnswer.extract("####\n12")).isEmpty();
        assertThat(ArithAnswer.extract("#### 7.5")).isEmpty();
        assertThat(ArithAnswer.extract("#### 99999999999")).isEmpty();
    }
}
