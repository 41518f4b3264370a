"""Tables read from scikit-learn's folder are what scikit-learn itself loads."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits

from reparam import digits
from reparam.bundled import bundled
from reparam.chapters import conditional, your_model
from reparam.laws.logistic import tumours


def test_tumours_are_scikit_learns():
    features, benign = load_breast_cancer(return_X_y=True)
    np.testing.assert_array_equal(tumours()[0], features)
    np.testing.assert_array_equal(tumours()[1], 2 * benign - 1)


def test_digits_are_scikit_learns():
    for ours, theirs in zip(digits.load(), load_digits(return_X_y=True), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_diabetes_is_scikit_learns():
    features, target = load_diabetes(return_X_y=True, scaled=False)
    bmi, progression = conditional.diabetes()
    np.testing.assert_array_equal(bmi, features[:, 2])
    np.testing.assert_array_equal(progression, target / 100)


def test_standardized_patients_are_those_that_scikit_learn_scales():
    scaled = load_diabetes(return_X_y=True)[0][:, [2, 3, 8]]
    np.testing.assert_allclose(your_model.patients()[0], scaled / scaled.std(0), atol=1e-12)


def test_a_table_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="name must be a table"):
        bundled("nothing.csv")
