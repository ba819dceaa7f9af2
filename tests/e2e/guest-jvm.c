/* Guests for Guests.java. */
#include "guest-embed.h"

#include <jni.h>

JNIEXPORT jint JNICALL Java_Guests_run(JNIEnv *env, jclass of, jint what);
JNIEXPORT jint JNICALL Java_Guests_run(JNIEnv *env, jclass of, jint what)
{
    (void)env;
    (void)of;
    return guest_of(what);
}
