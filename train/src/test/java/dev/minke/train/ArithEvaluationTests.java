package dev.minke.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.TokenBatch.Sequence;
import dev.minke.model.nn.Parameters;
import dev.minke.model.text.BpeTokenizer;
import dev.minke.tensor.Backends;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Team;
import dev.minke.train.arith.ArithData;
import dev.minke.train.arith.ArithEvaluation;
import dev.minke.train.arith.ArithEvaluation.Answer;
import dev.minke.train.arith.Reasoning;
import dev.minke.train.arith.Split;
import dev.minke.train.arith.WordProblem;
import dev.minke.train.arith.WordProblems;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class ArithEvaluationTests {
    private static final BpeTokenizer TOKENIZER = ArithData.train(300, 1, 1);

    @Test
    void accuracyIsTheShareOfRightAnswers() {
        ArithData data = new ArithData(TOKENIZER, SmallRuns.train());
        WordProblem problem = data.unseen(1).getFirst();
        var result =
                new ArithEvaluation.Result(
                        List.of(
                                new Answer(problem, "a", true),
                                new Answer(problem, "b", false),
                                new Answer(problem, "c", true),
                                new Answer(problem, "d", true)));
        assertThat(result.right()).isEqualTo(3);
        assertThat(result.accuracy()).isEqualTo(0.75);
        assertThat(new ArithEvaluation.Result(List.of()).accuracy()).isZero();
    }

    /// A small model learns one problem by heart and then answers this one.
    @Test
    void whatWasLearntByHeartIsAnsweredRight() {
        RunConfig config =
                SmallRuns.config(
                                Path.of("unused"),
                                "model.hidden_size=32",
                                "model.intermediate_size=64",
                                "model.max_position_embeddings=512",
                                "train.microBatchTokens=1000",
                                "train.steps=70",
                                "train.learningRate=0.01",
                                "train.minLearningRate=0.001")
                        .withVocabSize(304);
        ArithData data = new ArithData(TOKENIZER, config.train());
        var problems = new WordProblems(config.train().seed(), Reasoning.CHAINED);
        int shortest = 0;
        List<Sequence> validation = data.validation();
        for (int i = 1; i < validation.size(); i++) {
            if (validation.get(i).inputs() < validation.get(shortest).inputs()) {
                shortest = i;
            }
        }
        List<WordProblem> one = List.of(problems.at(Split.TEST, shortest));
        DeepSeekModel model = new DeepSeekModel(config.model(), Parameters.forTraining());
        model.initialize(0.05, 1);
        try (Team team = new Team(1)) {
            Kernels kernels = Backends.open(team, "reference");
            try (Trainer trainer = new Trainer(model, config.train(), kernels)) {
                assertThat(ArithEvaluation.run(model, kernels, data, one).right()).isZero();
                for (int step = 0; step < 70; step++) {
                    trainer.step(List.of(validation.get(shortest)));
                }
                ArithEvaluation.Result result = ArithEvaluation.run(model, kernels, data, one);
                assertThat(result.answers().getFirst().completion())
                        .isEqualTo(one.getFirst().completion());
                assertThat(result.right()).isOne();
            }
        }
    }

    @Test
    void answersComeInTheOrderOfTheProblems() {
        RunConfig config =
                SmallRuns.config(Path.of("unused"), "model.max_position_embeddings=512")
                        .withVocabSize(304);
        ArithData data = new ArithData(TOKENIZER, config.train());
        try (Team team = new Team(1);
                DeepSeekModel model =
                        new DeepSeekModel(config.model(), Parameters.forInference())) {
            model.initialize(0.02, 1);
            Kernels kernels = Backends.open(team, "reference");
            List<WordProblem> problems = data.unseen(3);
            ArithEvaluation.Result result = ArithEvaluation.run(model, kernels, data, problems);
            assertThat(result.answers())
                    .extracting(Answer::problem)
                    .containsExactlyElementsOf(problems);
            assertThat(result.right()).isZero();
            assertThat(ArithEvaluation.run(model, kernels, data, List.of()).answers()).isEmpty();
        }
    }
}
