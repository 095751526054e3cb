"""Tools with which authors create and check katas, mutate solutions, draw pictures and compare variants."""
