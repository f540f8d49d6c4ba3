/* A fresh folder that a test works in: as setup and teardown of a cmocka group,
 *
 *     return cmocka_run_group_tests(tests, test_folder_enter, test_folder_leave);
 *
 * the tests run with that folder as the current one, so that paths may be relative ("a.txt"); it is
 * removed with all it holds at the end. */
#ifndef YT_TESTS_SUPPORT_FOLDER_H
#define YT_TESTS_SUPPORT_FOLDER_H

int test_folder_enter(void **state);
int test_folder_leave(void **state);
/* Writes a file of the folder, or fails the test. */
void test_folder_put(const char *path, const char *text);

#endif
