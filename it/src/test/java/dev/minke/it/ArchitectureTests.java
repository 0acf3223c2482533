package dev.minke.it;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The rules of ARCHITECTURE.md that a compiler does not check.
class ArchitectureTests {
    private static final JavaClasses MINKE =
            new ClassFileImporter()
                    .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                    .withImportOption(location -> !location.contains("-tests.jar"))
                    .importPackages("dev.minke");

    /// Code that runs per row or element.
    private static final DescribedPredicate<JavaClass> HOT =
            resideInAnyPackage("dev.minke.kernels..", "dev.minke.tensor.reference..");

    /// Probing and set-up, once per process, although they live among the hot classes.
    private static final DescribedPredicate<JavaClass> SET_UP =
            DescribedPredicate.describe(
                    "set-up", c -> c.getSimpleName().matches(".*Backend|Lanes"));

    private static final Set<String> BOXES =
            Stream.of(
                            Boolean.class,
                            Byte.class,
                            Character.class,
                            Short.class,
                            Integer.class,
                            Long.class,
                            Float.class,
                            Double.class)
                    .map(Class::getName)
                    .collect(java.util.stream.Collectors.toUnmodifiableSet());

    @Test
    void allModulesAreLookedAt() {
        for (String module : new String[] {"tensor", "kernels", "model", "infer", "train", "cli"}) {
            assertThat(MINKE.that(resideInAPackage("dev.minke." + module + "..")))
                    .as("classes of " + module)
                    .isNotEmpty();
        }
    }

    @Test
    void modulesUseOnlyThoseBelowThem() {
        layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .withOptionalLayers(true)
                .layer("tensor")
                .definedBy("dev.minke.tensor..")
                .layer("kernels")
                .definedBy("dev.minke.kernels..")
                .layer("model")
                .definedBy("dev.minke.model..")
                .layer("infer")
                .definedBy("dev.minke.infer..")
                .layer("train")
                .definedBy("dev.minke.train..")
                .layer("cli")
                .definedBy("dev.minke.cli..")
                .whereLayer("kernels")
                .mayNotBeAccessedByAnyLayer() // found as a service, never named
                .whereLayer("model")
                .mayOnlyBeAccessedByLayers("infer", "train", "cli")
                .whereLayer("infer")
                .mayOnlyBeAccessedByLayers("train", "cli")
                .whereLayer("train")
                .mayOnlyBeAccessedByLayers("cli")
                .whereLayer("cli")
                .mayNotBeAccessedByAnyLayer()
                .check(MINKE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"model", "infer", "train"})
    void packagesOfAModuleFormNoCycle(String module) {
        slices().matching("dev.minke." + module + ".(*)..")
                .should()
                .beFreeOfCycles()
                .allowEmptyShould(true)
                .check(MINKE);
    }

    @Test
    void onlyKernelsUseTheVectorModule() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.minke.kernels..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("jdk.incubator.vector..")
                .check(MINKE);
    }

    @Test
    void onlyRuntimeFlagsReadPropertiesAndVariablesOutsideTheCommandLine() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.minke.cli..")
                .and()
                .doNotHaveFullyQualifiedName("dev.minke.tensor.RuntimeFlags")
                .should()
                .callMethodWhere(
                        DescribedPredicate.describe(
                                "reads a system property or an environment variable",
                                call ->
                                        switch (call.getTarget().getOwner().getName()
                                                + "."
                                                + call.getTarget().getName()) {
                                            case "java.lang.System.getProperty",
                                                    "java.lang.System.getProperties",
                                                    "java.lang.System.getenv",
                                                    "java.lang.Boolean.getBoolean",
                                                    "java.lang.Integer.getInteger",
                                                    "java.lang.Long.getLong" ->
                                                    true;
                                            default -> false;
                                        }))
                .check(MINKE);
    }

    @Test
    void onlyTheCommandLinePrintsAndEndsTheProcess() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.minke.cli..")
                .should()
                .accessField(System.class, "out")
                .orShould()
                .accessField(System.class, "err")
                .orShould()
                .callMethod(System.class, "exit", int.class)
                .orShould()
                .callMethod(Throwable.class, "printStackTrace")
                .check(MINKE);
    }

    @Test
    void hotCodeHasNoStreamsAndNoOptionals() {
        noClasses()
                .that(HOT)
                .and(DescribedPredicate.not(SET_UP))
                .should()
                .dependOnClassesThat()
                .resideInAPackage("java.util.stream..")
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(Optional.class)
                .check(MINKE);
    }

    @Test
    void hotCodeDoesNotBox() {
        noClasses().that(HOT).and(DescribedPredicate.not(SET_UP)).should(box()).check(MINKE);
    }

    /// A call of `valueOf`, but for text: a message is made once, before an exception.
    private static ArchCondition<JavaClass> box() {
        return new ArchCondition<>("box") {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                type.getMethodCallsFromSelf().stream()
                        .filter(call -> call.getTarget().getName().equals("valueOf"))
                        .filter(call -> BOXES.contains(call.getTargetOwner().getName()))
                        .filter(call -> !isForText(call))
                        .map(JavaAccess::getDescription)
                        .forEach(s -> events.add(SimpleConditionEvent.satisfied(type, s)));
            }
        };
    }

    /// Whether a text is formatted in the same method within a few lines.
    private static boolean isForText(JavaMethodCall box) {
        return box.getOrigin().getMethodCallsFromSelf().stream()
                .filter(call -> call.getTargetOwner().isEquivalentTo(String.class))
                .filter(call -> call.getTarget().getName().startsWith("format"))
                .anyMatch(call -> Math.abs(call.getLineNumber() - box.getLineNumber()) <= 8);
    }
}
