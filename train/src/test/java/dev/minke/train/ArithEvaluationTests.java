package dev.minke.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.nn.Parameters;
import dev.minke.tensor.Backends;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Team;
import dev.minke.tensor.Workspace;
import dev.minke.train.arith.ArithData;
import dev.minke.train.arith.ArithEvaluation;
import dev.minke.train.arith.ArithEvaluation.Answer;
import dev.minke.train.arith.WordProblem;

import org.junit.jupiter.api.Test;

import java.nio.file.Path;
import java.util.List;

class ArithEvaluationTests {
    @Test
    void accuracyIsTheShareOfRightAnswers() {
        ArithData data = new ArithData(ArithData.train(300, 1), SmallRuns.train());
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

    /// A small model learns two problems by heart and then answers these two.
    @Test
    void whatWasLearntByHeartIsAnsweredRight() {
        RunConfig config =
                SmallRuns.config(
                                Path.of("unused"),
                                "model.hidden_size=32",
                                "model.intermediate_size=64",
                                "model.moe_intermediate_size=24",
                                "model.max_position_embeddings=512",
                                "train.microBatchTokens=1000",
                                "train.steps=160",
                                "train.learningRate=0.01",
                                "train.minLearningRate=0.001")
                        .withVocabSize(400);
        ArithData data = new ArithData(ArithData.train(400, 1), config.train());
        List<WordProblem> problems = data.unseen(4);
        DeepSeekModel model = new DeepSeekModel(config.model(), Parameters.forTraining());
        model.initialize(0.05, 1);
        try (Team team = new Team(1);
                Workspace _ = new Workspace()) {
            Kernels kernels = Backends.open(team, "reference");
            try (Trainer trainer = new Trainer(model, config.train(), kernels)) {
                var learnt = data.validation().subList(0, 2);
                ArithEvaluation.Result before =
                        ArithEvaluation.run(model, kernels, data, problems.subList(0, 2));
                assertThat(before.right()).isZero();
                assertThat(before.answers())
                        .extracting(Answer::problem)
                        .containsExactlyElementsOf(problems.subList(0, 2));
                for (int step = 0; step < 160; step++) {
                    trainer.step(learnt);
                }
                var byHeart = List.of(data.problem(0), data.problem(1));
                assertThat(ArithEvaluation.run(model, kernels, data, byHeart).right()).isEqualTo(2);
            }
        }
    }
}
