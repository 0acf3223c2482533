package dev.minke.model.deepseek;

import dev.minke.model.autograd.Ops;
import dev.minke.model.autograd.Tape;
import dev.minke.model.autograd.Var;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.MoeConfig;
import dev.minke.model.config.ScoringFunc;
import dev.minke.model.config.TopkMethod;
import dev.minke.model.nn.Linear;
import dev.minke.model.nn.Parameters;
import dev.minke.tensor.RouterRule;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.Workspace;

/// Chooses the experts of every token (V3 report 2.1.2, eq. 12-16), in F32 throughout.
///
/// The correction bias takes part in the choice only. No gradient reaches it: after every step it
/// moves by a constant against the load, see `BiasUpdate` of the training module.
public final class Router {
    private final RouterRule rule;
    private final Linear gate;
    private final Tensor bias;

    Router(Parameters parameters, String prefix, DeepSeekConfig config) {
        rule = rule(config.moe());
        gate = new Linear(parameters, prefix + "weight", rule.experts(), config.hiddenSize());
        String name = prefix + "e_score_correction_bias";
        bias =
                config.moe().topkMethod().hasCorrectionBias()
                        ? parameters.createBuffer(name, rule.experts())
                        : Tensor.zeros(parameters.arena(), rule.experts());
    }

    private static RouterRule rule(MoeConfig moe) {
        return new RouterRule(
                moe.scoringFunc() == ScoringFunc.SIGMOID
                        ? RouterRule.Scoring.SIGMOID
                        : RouterRule.Scoring.SOFTMAX,
                moe.nRoutedExperts(),
                moe.numExpertsPerTok(),
                moe.nGroup(),
                moe.topkGroup(),
                moe.topkMethod() == TopkMethod.NOAUX_TC
                        ? RouterRule.GroupScore.SUM_OF_TOP_TWO
                        : RouterRule.GroupScore.MAX,
                moe.normTopkProb(),
                (float) moe.routedScalingFactor());
    }

    Ops.Routing forward(Tape tape, Var x) {
        return Ops.route(tape, rule, gate.forward(tape, x), bias);
    }

    /// Sizes and scoring.
    public RouterRule rule() {
        return rule;
    }

    /// e_score_correction_bias, [E].
    public Tensor bias() {
        return bias;
    }

    Linear gate() {
        return gate;
    }

    /// Which token goes where.
    ///
    /// @param offsets [E + 1] first slot of every expert
    /// @param tokens [slots] the token of a slot
    /// @param slots [T, K] the slot of a token's k-th expert
    record Dispatch(Tensor offsets, Tensor tokens, Tensor slots) {
        static Dispatch plan(Tape tape, Tensor index, int experts) {
            Workspace workspace = tape.workspace();
            Dispatch plan =
                    new Dispatch(
                            workspace.i32(experts + 1L),
                            workspace.i32(index.size()),
                            workspace.like(index));
            tape.kernels().planDispatch(index, plan.offsets(), plan.tokens(), plan.slots());
            return plan;
        }
    }
}
