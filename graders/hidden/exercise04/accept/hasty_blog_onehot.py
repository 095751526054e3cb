# Typed in a hurry: one-hot targets, as in many blog posts.
# independent
import numpy as np


def softmax(x):
    e_x = np.exp(x - np.max(x))
    return e_x / e_x.sum(axis=-1, keepdims=True)


def one_hot(y, num_classes):
    return np.eye(num_classes)[y]


def cross_entropy(logits, target):
    y_pred = softmax(logits)
    y_pred_clipped = np.clip(y_pred, 1e-15, 1 - 1e-15)
    y_true = one_hot(target, logits.shape[-1])
    return np.mean(-np.sum(y_true * np.log(y_pred_clipped), axis=-1))
