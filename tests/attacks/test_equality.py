"""B: answers that are made to compare equal to anything."""

import pytest

pytestmark = pytest.mark.security
attack = pytest.mark.attack


@attack("B1")
def test_an_object_equal_to_everything_is_not_an_answer(katas_grade, batch_tests):
    katas_grade("exercise01", "b01_always_equal").fails_only(batch_tests, "AlwaysEqual, which is not a plain value")


@attack("B2")
def test_an_object_convertible_to_an_array_is_not_an_answer(grade, batch_tests):
    grade("exercise01", "b02_changing_array").fails_only(batch_tests, "Changing, which is not a plain value")


@attack("B3")
def test_a_subclass_of_the_array_is_not_an_answer(grade, batch_tests):
    grade("exercise01", "b03_array_subclass").fails_only(batch_tests, "Agreeable, which is not a plain value")


@attack("B4")
def test_nan_is_not_close_to_anything(grade, doing, batch_tests):
    grade("exercise01", doing("return np.full_like(z, np.nan)")).fails_only(batch_tests, "NaN")


@attack("B5")
def test_infinity_is_not_close_to_anything(grade, doing, batch_tests):
    grade("exercise01", doing("return np.full_like(z, np.inf)")).fails_only(batch_tests, "got inf")


@attack("B6")
def test_an_extra_axis_is_not_forgiven(grade, doing, batch_tests):
    graded = grade("exercise01", doing("return z[..., None]"))
    graded.fails_only(batch_tests, r"expected shape \(\d+, \d+\), got \(\d+, \d+, 1\)")


@attack("B6")
def test_an_array_of_one_element_is_not_a_float(grade, losing, loss_tests):
    graded = grade("exercise04", losing("np.array([honest_loss(logits, target)])"))
    graded.fails(r"expected a float, got an array of shape \(1,\)", within=loss_tests)


@attack("B7")
def test_complex_numbers_with_the_right_real_parts_are_wrong(grade, doing, batch_tests):
    grade("exercise01", doing("return z + 1e6j")).fails_only(batch_tests, "got complex")


@attack("B8")
@pytest.mark.parametrize(
    ("answered", "got"),
    [("np.float16", "float16"), ("np.float32 if W.dtype == np.float64 else np.float64", "float32")],
)
def test_an_answer_in_lower_precision_than_promised_is_wrong(grade, doing, batch_tests, answered, got):
    graded = grade("exercise01", doing(f"return z.astype({answered})"))
    graded.fails_only(batch_tests, r"expected dtype float(32|64), got float")  # float32 where the kata promises it
    said = [test["message"] for test in graded.failed if test["task"] == "batch"]
    assert all(f"expected dtype float64, got {got}" in message for message in said), said


@attack("B9")
def test_an_array_of_objects_is_not_sent_to_the_judge(grade, batch_tests):
    grade("exercise01", "b09_objects").fails_only(batch_tests, "dtype object")


@attack("B10")
def test_a_masked_array_is_not_an_answer(grade, doing, batch_tests):
    grade("exercise01", doing("return np.ma.masked_all(z.shape)")).fails_only(
        batch_tests, "MaskedArray, which is not a plain value"
    )


@attack("B11")
@pytest.mark.parametrize(("made_by", "got"), [("str(z.tolist())", "str"), ("z.tobytes()", "bytes")])
def test_text_and_bytes_that_spell_the_answer_are_wrong(grade, doing, batch_tests, made_by, got):
    grade("exercise01", doing(f"return {made_by}")).fails_only(batch_tests, rf"got (a )?{got}\b")


@attack("B12")
def test_a_generator_of_rows_is_not_an_answer(grade, doing, batch_tests):
    grade("exercise01", doing("return (row for row in z)")).fails_only(
        batch_tests, "generator, which is not a plain value"
    )


@attack("B13")
def test_a_truth_value_is_not_a_float(grade, losing, loss_tests):
    graded = grade("exercise04", losing("bool(honest_loss(logits, target) > 0)"))
    graded.fails("expected a float, got (a )?bool", within=loss_tests)


@attack("B13")
def test_an_array_of_truth_values_is_not_an_answer(grade, doing, batch_tests):
    grade("exercise01", doing("return z > 0")).fails_only(batch_tests, "expected dtype float(32|64), got bool")


@attack("B14")
def test_an_array_without_dimensions_counts_as_a_float(grade, losing):
    grade("exercise04", losing("np.array(honest_loss(logits, target))")).passes()


@attack("B15")
def test_a_subclass_of_float_is_not_a_float(grade, loss_tests):
    grade("exercise04", "b15_float_subclass").fails("Agreeable, which is not a plain value", within=loss_tests)


@attack("B16")
@pytest.mark.parametrize(
    "dtype", ['[("z", "f8")]', '"datetime64[s]"', '"timedelta64[ns]"', '"S8"', '"V8"', '"longdouble"']
)
def test_arrays_of_records_dates_and_texts_are_not_sent(grade, doing, batch_tests, dtype):
    grade("exercise01", doing(f"return np.zeros(z.shape, dtype={dtype})")).fails_only(batch_tests, "an array of dtype")


@attack("B17")
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (
            "class Dictionary(dict):\n    def items(self):\n        while True: yield 'z', 0.0\nreturn Dictionary(z=z)",
            "Dictionary, which is not a plain value",
        ),
        ("z = [z]\nz.append(z)", "nested deeper"),
        ("for _ in range(10_000): z = [z]", "nested deeper"),
    ],
    ids=["endless", "cyclic", "deep"],
)
def test_containers_that_choke_an_encoder_are_not_sent(grade, doing, batch_tests, code, reason):
    grade("exercise01", doing(code)).fails_only(batch_tests, reason)


@attack("Z1")
def test_a_gigabyte_broadcast_from_8_bytes_counts_in_full(grade, doing, batch_tests):
    grade("exercise01", doing("return np.broadcast_to(np.float64(0), (1 << 27,))")).fails_only(
        batch_tests, "more than 64 MiB of arrays"
    )


@attack("Z5")
def test_an_object_with_a_fake_array_class_is_not_an_answer(grade, batch_tests):
    grade("exercise01", "z05_lying_class").fails_only(batch_tests, "Pretender, which is not a plain value")


@attack("Z9")
def test_the_other_byte_order_is_named(grade, doing, batch_tests):
    grade("exercise01", doing("return z.astype('>f8')")).fails_only(batch_tests, "dtype >f8")
